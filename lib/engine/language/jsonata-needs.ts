import type { Node } from './jsonata-sandbox.ts';

/** What an expression can look at: variables, members of `$states` as `states.input`, or all of it as `states`. */
export function needsOf(ast: Node): Set<string> {
  const needs = new Set<string>();
  for (const node of nodesOf(ast)) {
    if (node.type === 'variable' && !stands(node, 'states')) needs.add(String(node.value));
  }
  for (const name of statesMembers(ast)) needs.add(name);
  return needs;
}

const stands = (node: Node | undefined, name: string) => node?.type === 'variable' && node.value === name;

function statesMembers(ast: Node): string[] {
  const owners = new Set<Node>();
  const names: string[] = [];
  for (const node of nodesOf(ast)) {
    const [first, second] = (node.type === 'path' ? node.steps : []) as Node[];
    if (!stands(first, 'states') || second?.type !== 'name' || first?.predicate !== undefined) continue;
    owners.add(first!);
    names.push(`states.${String(second.value)}`);
  }
  const isBare = [...nodesOf(ast)].some((node) => stands(node, 'states') && !owners.has(node));
  return isBare ? ['states'] : names;
}

/** All nodes of an expression. */
export function* nodesOf(root: Node): Generator<Node> {
  const seen = new Set<unknown>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if ('type' in next && typeof next.type === 'string') yield next as Node;
    pending.push(...Object.values(next));
  }
}
