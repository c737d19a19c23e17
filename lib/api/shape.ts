/** What a member of a request or of an answer may be. `required` says that it must be there. */
export type Shape = { readonly required?: true } & (
  | StringShape
  | { readonly type: 'integer'; readonly min?: number; readonly max?: number }
  | { readonly type: 'boolean' }
  /** Seconds since the epoch on the wire, a Date behind it. */
  | { readonly type: 'timestamp' }
  | { readonly type: 'list'; readonly of: Shape; readonly max?: number }
  | Structure
);

export interface StringShape {
  readonly type: 'string';
  readonly enum?: readonly string[];
  /** The enum values as the service once spelled them on the wire, where that was not as in the model. */
  readonly legacy?: Readonly<Record<string, string>>;
  /** Characters. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
}

export interface Structure {
  readonly type: 'structure';
  /** The model's name, where several operations share the structure. */
  readonly name?: string;
  readonly members: Members;
  /** It may have any members: who takes it looks at them. */
  readonly open?: true;
}

export type Members = Readonly<Record<string, Shape>>;

/** The values that a shape holds, with every member there. */
export type ValueOf<S> = S extends { type: 'string'; enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'string' }
    ? string
    : S extends { type: 'integer' }
      ? number
      : S extends { type: 'boolean' }
        ? boolean
        : S extends { type: 'timestamp' }
          ? Date
          : S extends { type: 'list'; of: infer I }
            ? ValueOf<I>[]
            : S extends { type: 'structure'; members: infer M }
              ? { -readonly [K in keyof M]: ValueOf<M[K]> }
              : never;

// The functions below write shapes so that the compiler keeps each member's name, type and values.

export const structure = <const M extends Members>(members: M) => ({ type: 'structure', members }) as const;

export const named = <const N extends string, const M extends Members>(name: N, members: M) =>
  ({ type: 'structure', name, members }) as const;

export const list = <const S extends Shape>(of: S, max?: number) =>
  ({ type: 'list', of, ...(max === undefined ? {} : { max }) }) as const;

export const oneOf = <const E extends readonly string[]>(...values: E) => ({ type: 'string', enum: values }) as const;

/** An enum whose values have another spelling on the legacy wire: the model's value, then that. */
export const oneOfSpelled = <const L extends Readonly<Record<string, string>>>(legacy: L) =>
  ({ type: 'string', enum: Object.keys(legacy) as readonly (keyof L & string)[], legacy }) as const;

export const required = <const S extends Shape>(shape: S) => ({ ...shape, required: true }) as const;

export const text = (limits: Pick<StringShape, 'min' | 'max' | 'pattern'>) => ({ type: 'string', ...limits }) as const;
