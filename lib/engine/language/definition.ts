import type { Json } from '../../json.ts';

/** A state machine as Amazon States Language writes it, in either query language. Source: states-language.net. */
export interface StateMachineDefinition {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly QueryLanguage?: QueryLanguage;
  readonly TimeoutSeconds?: number;
  readonly Version?: string;
}

export type QueryLanguage = 'JSONPath' | 'JSONata';

export type State =
  | TaskState
  | ChoiceState
  | WaitState
  | PassState
  | SucceedState
  | FailState
  | ParallelState
  | MapState;

/** A payload template of JSONPath, or a value with JSONata expressions in it. */
export type Template = Json;
/** A number, or a JSONata expression of one. */
export type NumberOrJsonata = number | string;

interface StateBase {
  readonly Comment?: string;
  readonly QueryLanguage?: QueryLanguage;
}

interface Transition {
  readonly Next?: string;
  readonly End?: boolean;
}

interface WithPaths {
  /** JSONPath: `null` means nothing of it. */
  readonly InputPath?: string | null;
  readonly OutputPath?: string | null;
}

interface WithOutput {
  /** JSONata. */
  readonly Output?: Template;
  /** Variables that the state sets. */
  readonly Assign?: Readonly<Record<string, Template>>;
}

interface WithResult {
  /** JSONPath. */
  readonly Parameters?: Template;
  readonly ResultSelector?: Template;
  readonly ResultPath?: string | null;
  /** JSONata. */
  readonly Arguments?: Template;
}

interface WithErrors {
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

export interface Retrier {
  readonly Comment?: string;
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly MaxAttempts?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher extends WithOutput {
  readonly Comment?: string;
  readonly ErrorEquals: readonly string[];
  /** JSONPath. */
  readonly ResultPath?: string | null;
  readonly Next: string;
}

export interface TaskState extends StateBase, Transition, WithPaths, WithOutput, WithResult, WithErrors {
  readonly Type: 'Task';
  readonly Resource: string;
  readonly TimeoutSeconds?: NumberOrJsonata;
  readonly TimeoutSecondsPath?: string;
  readonly HeartbeatSeconds?: NumberOrJsonata;
  readonly HeartbeatSecondsPath?: string;
  readonly Credentials?: Json;
}

export interface ChoiceState extends StateBase, WithPaths, WithOutput {
  readonly Type: 'Choice';
  readonly Choices: readonly ChoiceRule[];
  readonly Default?: string;
}

/** A rule of a Choice state, or a part of one. `Next`, `Assign` and `Output` stand in whole rules only. */
export interface ChoiceRule extends WithOutput {
  readonly Comment?: string;
  readonly Next?: string;
  /** JSONata: an expression, which must be true or false. */
  readonly Condition?: string | boolean;
  /** JSONPath: what an operator compares. */
  readonly Variable?: string;
  readonly And?: readonly ChoiceRule[];
  readonly Or?: readonly ChoiceRule[];
  readonly Not?: ChoiceRule;
  readonly [operator: string]: unknown;
}

export interface WaitState extends StateBase, Transition, WithPaths, WithOutput {
  readonly Type: 'Wait';
  readonly Seconds?: NumberOrJsonata;
  readonly SecondsPath?: string;
  readonly Timestamp?: string;
  readonly TimestampPath?: string;
}

export interface PassState extends StateBase, Transition, WithPaths, WithOutput, Omit<WithResult, 'ResultSelector'> {
  readonly Type: 'Pass';
  readonly Result?: Json;
}

export interface SucceedState extends StateBase, WithPaths, Pick<WithOutput, 'Output'> {
  readonly Type: 'Succeed';
}

export interface FailState extends StateBase {
  readonly Type: 'Fail';
  readonly Error?: string;
  readonly ErrorPath?: string;
  readonly Cause?: string;
  readonly CausePath?: string;
}

export interface ParallelState extends StateBase, Transition, WithPaths, WithOutput, WithResult, WithErrors {
  readonly Type: 'Parallel';
  readonly Branches: readonly StateMachineDefinition[];
}

export interface MapState
  extends StateBase,
    Transition,
    WithPaths,
    WithOutput,
    Omit<WithResult, 'Arguments'>,
    WithErrors {
  readonly Type: 'Map';
  readonly ItemProcessor?: ItemProcessor;
  /** The older name of ItemProcessor. */
  readonly Iterator?: ItemProcessor;
  /** JSONata: an array or an expression of one. */
  readonly Items?: Json;
  readonly ItemsPath?: string;
  readonly ItemSelector?: Template;
  readonly ItemReader?: ItemReader;
  readonly ItemBatcher?: ItemBatcher;
  readonly ResultWriter?: ResultWriter;
  readonly Label?: string;
  readonly MaxConcurrency?: NumberOrJsonata;
  readonly MaxConcurrencyPath?: string;
  readonly ToleratedFailureCount?: NumberOrJsonata;
  readonly ToleratedFailureCountPath?: string;
  readonly ToleratedFailurePercentage?: NumberOrJsonata;
  readonly ToleratedFailurePercentagePath?: string;
}

export interface ItemProcessor extends StateMachineDefinition {
  readonly ProcessorConfig?: {
    readonly Mode?: 'INLINE' | 'DISTRIBUTED';
    readonly ExecutionType?: 'STANDARD' | 'EXPRESS';
  };
}

export interface ItemReader {
  readonly Resource: string;
  readonly ReaderConfig?: Readonly<Record<string, Json>>;
  readonly Parameters?: Template;
  readonly Arguments?: Template;
}

export interface ItemBatcher {
  readonly MaxItemsPerBatch?: NumberOrJsonata;
  readonly MaxItemsPerBatchPath?: string;
  readonly MaxInputBytesPerBatch?: NumberOrJsonata;
  readonly MaxInputBytesPerBatchPath?: string;
  readonly BatchInput?: Template;
}

export interface ResultWriter {
  readonly Resource?: string;
  readonly WriterConfig?: Readonly<Record<string, Json>>;
  readonly Parameters?: Template;
  readonly Arguments?: Template;
}
