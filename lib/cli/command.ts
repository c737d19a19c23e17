import type { ParseArgsConfig } from 'node:util';

export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

export interface Command {
  /** How it is called. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Answers the exit status. */
  run(args: Arguments): Promise<number>;
}

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
