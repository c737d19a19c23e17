import type { Json } from '../../json.ts';

/** A JSONPath, taken apart. */
export interface Path {
  readonly text: string;
  /** `$` is the input, `$$` the context object, `$name` a variable, and `@` what a filter looks at. */
  readonly root: 'input' | 'context' | 'item' | { readonly variable: string };
  readonly steps: readonly Step[];
  /** Names one place at most, so that it answers a value instead of a list. */
  readonly definite: boolean;
}

export type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'members'; readonly names: readonly string[] }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly from?: number; readonly to?: number }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'filter'; readonly filter: Filter }
  /** `..`: the value itself and all that is within, however deep. */
  | { readonly kind: 'scan' }
  /** `.length()` and the like, at the end of a path. */
  | { readonly kind: 'function'; readonly name: string; readonly argument?: number };

export type Filter =
  | { readonly kind: 'any'; readonly of: readonly Filter[] }
  | { readonly kind: 'all'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'exists'; readonly path: Path }
  | { readonly kind: 'compare'; readonly operator: string; readonly left: Operand; readonly right: Operand };

export type Operand =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'path'; readonly path: Path };

const INDEFINITE: ReadonlySet<Step['kind']> = new Set(['members', 'indexes', 'slice', 'wildcard', 'filter', 'scan']);

/** Several names at the end pick members of one object; a function makes one value of many. */
export function isDefinite(steps: readonly Step[]): boolean {
  const last = steps.at(-1)?.kind;
  if (last === 'function') return true;
  return !steps.some(({ kind }, at) => INDEFINITE.has(kind) && !(kind === 'members' && at === steps.length - 1));
}

/** The steps in the notation that AWS uses in its messages: `$['a'][0]`. */
export const notationOf = (steps: readonly Step[], root = '$'): string => root + steps.map(noted).join('');

function noted(step: Step): string {
  switch (step.kind) {
    case 'member':
      return `['${step.name}']`;
    case 'members':
      return `[${step.names.map((name) => `'${name}'`).join(',')}]`;
    case 'index':
      return `[${step.index}]`;
    case 'indexes':
      return `[${step.indexes.join(',')}]`;
    case 'slice':
      return `[${step.from ?? ''}:${step.to ?? ''}]`;
    case 'wildcard':
      return '[*]';
    case 'filter':
      return '[?]';
    case 'scan':
      return '..';
    case 'function':
      return `.${step.name}(${step.argument ?? ''})`;
  }
}
