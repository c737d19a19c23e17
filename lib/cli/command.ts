/** An option as it is parsed and as help shows it: one source for both. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What its value is: a word in capitals, or the choices as `raw|qcow2`. Absent of a boolean. */
  readonly value?: string;
  /** Its value unless it is given. */
  readonly default?: string;
  readonly required?: boolean;
  /** For a person: what it does, in a line or two. */
  readonly text: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What follows a command's name besides options. */
export interface Argument {
  /** In capitals. */
  readonly name: string;
  /** Behind "name …": `the image, such as ami-0123456789abcdef0`. */
  readonly text: string;
  readonly optional?: boolean;
}

export interface Example {
  readonly line: string;
  /** What it does, where the line does not say it. */
  readonly text?: string;
}

export interface Arguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

export interface Command {
  readonly arguments?: readonly Argument[];
  readonly options: Options;
  /** Paragraphs behind the options. */
  readonly notes?: readonly string[];
  readonly examples: readonly [Example, ...Example[]];
  /** Answers the exit status. */
  run(args: Arguments): Promise<number>;
}

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The values of options that are not given. */
export const defaultsOf = (options: Options): Record<string, string> =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
