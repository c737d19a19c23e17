import type { Node } from './jsonata-sandbox.ts';

/**
 * What an expression refers to without a right to. There is no document for a path to begin in: `phone` and `$` mean nothing unless a step before them,
 * a filter or a function has given them a value.
 */
export function unsupportedReferences(ast: Node, inCatcher: boolean): string[] {
  const problems = new Set<string>();
  visit(ast, { isTop: true, problems, inCatcher });
  return [...problems];
}

interface Visit {
  /** Nothing has given the node a value to look at. */
  readonly isTop: boolean;
  readonly problems: Set<string>;
  readonly inCatcher: boolean;
}

/** Parts of a node that look at what the node has found. */
const INNER_FIELDS: ReadonlySet<string> = new Set([
  'predicate',
  'stages',
  'group',
  'pattern',
  'update',
  'delete',
  'terms',
]);

function visit(node: unknown, visiting: Visit) {
  if (Array.isArray(node)) for (const part of node) visit(part, visiting);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  const { type, value, steps, body, ...parts } = node as Node;
  note(node as Node, visiting);
  if (type === 'path') visitSteps(steps as readonly Node[], visiting);
  // What a function is called with is known only when it runs; `$` in it may be an item of a list.
  if (body !== undefined) visit(body, { ...visiting, isTop: false });
  for (const [name, part] of Object.entries(parts)) {
    visit(part, INNER_FIELDS.has(name) ? { ...visiting, isTop: false } : visiting);
  }
}

function visitSteps(steps: readonly Node[], visiting: Visit) {
  const [first, second] = steps;
  visit(first, visiting);
  visit(steps.slice(1), { ...visiting, isTop: false });
  const isError = first?.type === 'variable' && first.value === 'states' && second?.value === 'errorOutput';
  if (isError && !visiting.inCatcher)
    visiting.problems.add("Reference to '$states.errorOutput' is supported in Catch only.");
}

const NAMING: ReadonlySet<string> = new Set(['name', 'wildcard', 'descendant']);

function note({ type, value }: Node, { isTop, problems }: Visit) {
  if (type === 'variable' && value === '$') problems.add("Reference to '$$' is not supported.");
  if (!isTop) return;
  const name = type === 'variable' && value === '' ? '$' : NAMING.has(type) ? value : undefined;
  if (name !== undefined) problems.add(`Reference to '${name}' at the top level is not supported.`);
}
