import type { Json } from '../../json.ts';

const REFERENCE = /(?<![\w$.])\$([A-Za-z_]\w*)(?!\w*\()/g;
const QUOTED = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;
const COMMENT = /\/\*[\s\S]*?\*\//g;
/** What an expression of JSONata names by itself: `$x := …` and the parameters of its functions. */
const BOUND = /\$([A-Za-z_]\w*)\s*:=|(?:function|λ)\s*\(([^)]*)\)/g;
/** Fields of a state whose text is a path; their names end otherwise than in `Path`. */
const PATH_FIELDS = ['Variable'];

/** The variables that each state of a definition refers to, as DescribeStateMachine lists them. */
export function variableReferences(definition: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  visitStates(JSON.parse(definition) as Json, (name, state) => {
    const names = new Set<string>();
    collect({ value: state, path: false }, names);
    if (names.size > 0) found[name] = [...names].sort();
  });
  return found;
}

type Visit = (name: string, state: { [key: string]: Json }) => void;

function visitStates(machine: Json | undefined, visit: Visit) {
  if (typeof machine !== 'object' || machine === null || Array.isArray(machine)) return;
  for (const [name, value] of Object.entries((machine.States ?? {}) as { [key: string]: { [key: string]: Json } })) {
    const { ItemProcessor, Iterator, Branches, ...state } = value;
    visit(name, state as { [key: string]: Json });
    visitStates(ItemProcessor ?? Iterator, visit);
    for (const branch of (Branches ?? []) as Json[]) visitStates(branch, visit);
  }
}

function collect({ value, path }: { value: Json; path: boolean }, names: Set<string>) {
  if (typeof value === 'string') {
    for (const name of path ? referencesOfPath(value) : referencesOfJsonata(value)) names.add(name);
  } else if (Array.isArray(value)) {
    for (const entry of value) collect({ value: entry, path: false }, names);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, entry] of Object.entries(value))
      collect({ value: entry, path: /(?:\.\$|Path)$/.test(name) || PATH_FIELDS.includes(name) }, names);
  }
}

const referencesOf = (text: string) => [...text.matchAll(REFERENCE)].map(([, name]) => name!);

const referencesOfPath = (text: string) => referencesOf(text.replaceAll(QUOTED, ''));

function referencesOfJsonata(text: string): string[] {
  if (!text.startsWith('{%')) return [];
  const code = text.replaceAll(QUOTED, '').replaceAll(COMMENT, '');
  const bound = [...code.matchAll(BOUND)].flatMap(([, name, parameters = '']) => [name, ...referencesOf(parameters)]);
  return referencesOf(code).filter((name) => name !== 'states' && !bound.includes(name));
}
