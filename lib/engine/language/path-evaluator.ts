import type { Json } from '../../json.ts';
import { childrenOf, isObject, type JsonObject, setMember } from './json-value.ts';
import { isKept } from './path-filter.ts';
import { callFunction } from './path-functions.ts';
import type { Path, Step } from './path-syntax.ts';
import type { Scope } from './scope.ts';
import { StateError } from './state-error.ts';

/** What a path is looked up in: the document of its root, and the item that a filter looks at. */
export interface Place {
  readonly scope: Pick<Scope, 'input' | 'context' | 'variables'>;
  /** What `$` is within a filter: the document that the filter stands in. */
  readonly document?: Json;
  readonly item?: Json;
  /** How many values may still be looked at. */
  readonly visits?: { left: number };
}

/** The value at the path; a list, empty perhaps, for a path that may name several places. Undefined where a definite path leads nowhere. */
export function lookUp(path: Path, place: Place): Json | undefined {
  const root = rootOf(path, place);
  if (root === undefined) return undefined;
  if (path.steps.length === 0) return root;
  return path.definite ? walk(path.steps, root, place) : selectAll(path.steps, root, place);
}

/** The document that the path begins in. */
export function rootOf({ root }: Path, { scope, document, item }: Place): Json | undefined {
  if (root === 'input') return document === undefined ? scope.input : document;
  if (root === 'context') return scope.context;
  if (root === 'item') return item;
  return Object.hasOwn(scope.variables, root.variable) ? scope.variables[root.variable] : undefined;
}

function walk(steps: readonly Step[], root: Json, place: Place): Json | undefined {
  const last = steps.at(-1)!;
  if (last.kind === 'function' && !steps.every(isSingle)) {
    return callFunction(last, selectAll(steps.slice(0, -1), root, place));
  }
  let value: Json | undefined = root;
  for (const step of steps) {
    value = only(step, value);
    if (value === undefined) return undefined;
  }
  return value;
}

const isSingle = ({ kind }: Step) => kind === 'member' || kind === 'index' || kind === 'function';

/** One step of a definite path. */
export function only(step: Step, value: Json): Json | undefined {
  switch (step.kind) {
    case 'member':
      return isObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
    case 'index':
      return Array.isArray(value) ? value.at(step.index) : undefined;
    case 'members':
      return isObject(value) ? pick(value, step.names) : undefined;
    case 'function':
      return callFunction(step, value);
    default:
      return undefined;
  }
}

function pick(value: JsonObject, names: readonly string[]): Json {
  const picked: JsonObject = {};
  for (const name of names) if (Object.hasOwn(value, name)) setMember(picked, name, value[name]!);
  return picked;
}

/** Values that one path may look at: scans of scans multiply, and must end. */
const MOST_VISITS = 5_000_000;

function selectAll(steps: readonly Step[], root: Json, place: Place): Json[] {
  const visits = place.visits ?? { left: MOST_VISITS };
  const inner: Place = { ...place, document: root, visits };
  let found: Json[] = [root];
  for (const [at, step] of steps.entries()) {
    const here = steps[at - 1]?.kind === 'scan' ? { ...inner, scanned: true } : inner;
    const next: Json[] = [];
    for (const value of found) {
      const selected = select(step, value, here);
      visits.left -= 1 + selected.length;
      if (visits.left < 0) throw new StateError('States.Runtime', `A path visits more than ${MOST_VISITS} values`);
      for (const one of selected) next.push(one);
    }
    found = next;
  }
  return found;
}

/** What one step of an indefinite path leads to; what does not fit is left out. */
function select(step: Step, value: Json, place: Place & { scanned?: boolean }): readonly Json[] {
  switch (step.kind) {
    case 'members':
      return step.names.flatMap((name) => orNone(only({ kind: 'member', name }, value)));
    case 'indexes':
      return step.indexes.flatMap((index) => orNone(only({ kind: 'index', index }, value)));
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'wildcard':
      return childrenOf(value);
    case 'scan':
      return descendantsOf(value);
    case 'filter':
      return candidatesOf(value, place.scanned).filter((item) => isKept(step.filter, { ...place, item }));
    default:
      return orNone(only(step, value));
  }
}

/** What a filter chooses from: the elements of a list, or an object itself. A scan visits elements by themselves, so lists are passed over behind it. */
function candidatesOf(value: Json, scanned = false): readonly Json[] {
  if (Array.isArray(value)) return scanned ? [] : value;
  return isObject(value) ? [value] : [];
}

const orNone = (value: Json | undefined): readonly Json[] => (value === undefined ? [] : [value]);

function descendantsOf(value: Json): Json[] {
  const found: Json[] = [];
  const pending: Json[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    found.push(next);
    for (const child of childrenOf(next).toReversed()) pending.push(child);
  }
  return found;
}
