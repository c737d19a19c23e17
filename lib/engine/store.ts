import type { ExecutionRow, ExecutionStatus, HistoryEvent, Thread } from './execution.ts';

export interface StateMachineRow {
  readonly stateMachineArn: string;
  readonly name: string;
  /** JSON text, as the caller gave it. */
  readonly definition: string;
  readonly roleArn: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What one turn of an execution changed. */
export interface TurnRows {
  readonly execution: ExecutionRow;
  readonly events: readonly HistoryEvent[];
  readonly threads: readonly Thread[];
  readonly endedThreads: readonly string[];
}

/** Where the engine keeps its rows. Calls are synchronous: a turn and its commit must not be parted. */
export interface EngineStore {
  /** Writes the turns in one transaction that is on disk when it returns. */
  commit(turns: readonly TurnRows[]): void;
  putStateMachine(row: StateMachineRow): void;
  stateMachine(stateMachineArn: string): StateMachineRow | undefined;
  stateMachines(): StateMachineRow[];
  /** The text of a definition that executions run, by its digest. */
  definition(digest: string): string;
  putDefinition(digest: string, text: string): void;
  execution(executionArn: string): ExecutionRow | undefined;
  /** Newest first. */
  executions(query: {
    stateMachineArn: string;
    status?: ExecutionStatus;
    offset: number;
    limit: number;
  }): ExecutionRow[];
  /** Executions that have not ended, with their threads. */
  running(): Iterable<{ execution: ExecutionRow; threads: Thread[] }>;
  events(query: { executionArn: string; after: number; limit: number; reverse: boolean }): HistoryEvent[];
}
