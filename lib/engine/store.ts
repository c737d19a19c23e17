import type { ExecutionRow, ExecutionStatus, ExecutionType, HistoryEvent, Item, Thread } from './execution.ts';

/** A revision of a state machine that cannot change any more. */
export interface VersionRow {
  readonly versionArn: string;
  readonly stateMachineArn: string;
  readonly version: number;
  readonly revisionId: string;
  readonly description?: string;
  readonly createdAt: number;
  readonly machine: StateMachineRow;
}

export interface StateMachineRow {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly type: ExecutionType;
  /** JSON text, as the caller gave it. */
  readonly definition: string;
  readonly roleArn: string;
  readonly revisionId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly loggingConfiguration?: unknown;
  readonly tracingConfiguration?: unknown;
  readonly encryptionConfiguration?: unknown;
  /** The number of the last version that was published. */
  readonly versions: number;
}

export interface AliasRow {
  readonly aliasArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly description?: string;
  readonly routingConfiguration: readonly { readonly stateMachineVersionArn: string; readonly weight: number }[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ActivityRow {
  readonly activityArn: string;
  readonly name: string;
  readonly createdAt: number;
}

/** What of a Map Run can be changed while it runs. */
export interface MapRunSettings {
  /** 0 for as many as the engine runs at once. */
  readonly maxConcurrency?: number;
  readonly toleratedFailureCount?: number;
  readonly toleratedFailurePercentage?: number;
}

export interface MapRunRow extends MapRunSettings {
  readonly mapRunArn: string;
  readonly executionArn: string;
  readonly stateMachineArn: string;
  /** The thread that waits for its end, and while it runs knows how far it is. */
  readonly thread: string;
  readonly startedAt: number;
  readonly stoppedAt?: number;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  readonly total: number;
  /** Counts of the ended children, once the run has ended. */
  readonly succeeded: number;
  readonly failed: number;
  readonly aborted: number;
}

/** The kinds of things that are kept by their ARN, each in a table of its own. */
export interface Records {
  stateMachine: StateMachineRow;
  version: VersionRow;
  alias: AliasRow;
  activity: ActivityRow;
  mapRun: MapRunRow;
  tags: Readonly<Record<string, string>>;
}

/** What one turn of an execution changed. */
export interface TurnRows {
  readonly execution: ExecutionRow;
  readonly events: readonly HistoryEvent[];
  /** The thread that runs the machine, as it stands; where a failed execution stood. */
  readonly root: Thread | undefined;
  /** Other threads that changed. */
  readonly threads: readonly Thread[];
  readonly endedThreads: readonly string[];
  readonly items: readonly Item[];
  readonly itemsGone: readonly string[];
  readonly mapRuns: readonly MapRunRow[];
}

/** An execution that has not ended, with all that it needs to go on. */
export interface RunningExecution {
  readonly execution: ExecutionRow;
  readonly threads: readonly Thread[];
  readonly items: readonly Item[];
}

export interface ExecutionQuery {
  readonly stateMachineArn?: string;
  readonly mapRunArn?: string;
  readonly versionArn?: string;
  readonly aliasArn?: string;
  readonly status?: ExecutionStatus;
  /** Begin after this place in the listing. */
  readonly after?: { readonly startedAt: number; readonly executionArn: string };
  readonly limit: number;
}

/** Where the engine keeps its rows. Calls are synchronous: a turn and its commit must not be parted. */
export interface EngineStore {
  /** Writes the turns in one transaction that is on disk when it returns. */
  commit(turns: readonly TurnRows[]): void;
  put<K extends keyof Records>(kind: K, arn: string, row: Records[K]): void;
  get<K extends keyof Records>(kind: K, arn: string): Records[K] | undefined;
  remove(kind: keyof Records, arn: string): void;
  /** All whose ARN begins so, in the order of their ARNs. */
  list<K extends keyof Records>(kind: K, prefix?: string): Records[K][];
  /** The Map Runs of an execution. */
  mapRunsOf(executionArn: string): MapRunRow[];
  /** The text of a definition that executions run, by its digest. */
  definition(digest: string): string;
  putDefinition(digest: string, text: string): void;
  execution(executionArn: string): ExecutionRow | undefined;
  /** Newest first. */
  executions(query: ExecutionQuery): ExecutionRow[];
  /** The thread that runs the machine, of an execution that has not succeeded. */
  root(executionArn: string): Thread | undefined;
  running(): Iterable<RunningExecution>;
  /** Events in their order, or in reverse; fewer than the limit where they are large. */
  events(query: { executionArn: string; after: number; limit: number; reverse: boolean }): HistoryEvent[];
  /** Forgets executions that ended before this time, a bounded number at once; answers how many there were. */
  prune(endedBefore: number): number;
  close(): void;
}
