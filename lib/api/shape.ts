/** What a member of a request may be. `required` says that it must be there. */
export type Shape = { readonly required?: true } & (
  | {
      readonly type: 'string';
      readonly enum?: readonly string[];
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: RegExp;
    }
  | { readonly type: 'integer'; readonly min?: number; readonly max?: number }
  | { readonly type: 'boolean' }
  /** Seconds since the epoch on the wire, a Date behind the validator. */
  | { readonly type: 'timestamp' }
  | { readonly type: 'list'; readonly of: Shape; readonly max?: number }
  | { readonly type: 'structure'; readonly members: Readonly<Record<string, Shape>> }
);

export type Structure = Extract<Shape, { type: 'structure' }>;
