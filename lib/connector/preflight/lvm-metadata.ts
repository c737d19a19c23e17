/** A value of LVM's metadata: a section, a text, a number, or a list. Source: lvm2's documentation, the form of its configuration files. */
export type Value = string | number | Value[] | Section;
export interface Section {
  readonly [name: string]: Value;
}

const TOKENS = /#[^\n]*|"(?:[^"\\]|\\.)*"|[{}[\]=,]|[^\s{}[\]=,#"]+/g;
/** Sections within sections; LVM's go four deep. */
const MAX_DEPTH = 8;

/** Reads metadata; what makes no sense ends it. */
export function readMetadata(text: string): Section {
  const tokens = (text.match(TOKENS) ?? []).filter((token) => !token.startsWith('#'));
  return section({ tokens, at: 0 }, 0);
}

interface State {
  readonly tokens: readonly string[];
  at: number;
}

function section(state: State, depth: number): Section {
  const found: Record<string, Value> = Object.create(null);
  while (state.at < state.tokens.length && depth < MAX_DEPTH) {
    const name = state.tokens[state.at++]!;
    if (name === '}') break;
    const next = state.tokens[state.at++];
    if (next === '{') found[name] = section(state, depth + 1);
    else if (next === '=') found[name] = value(state);
    else break;
  }
  return found;
}

function value(state: State): Value {
  const token = state.tokens[state.at++] ?? '';
  if (token !== '[') return scalar(token);
  const list: Value[] = [];
  for (let next = state.tokens[state.at++]; next !== undefined && next !== ']'; next = state.tokens[state.at++])
    if (next !== ',') list.push(scalar(next));
  return list;
}

const scalar = (token: string) => (token.startsWith('"') ? token.slice(1, -1) : Number(token));

/** The sections in a section, by their names. */
export const sectionsOf = (value: Value | undefined): [string, Section][] =>
  Object.entries(typeof value === 'object' && !Array.isArray(value) ? value : {}).filter(
    (entry): entry is [string, Section] => typeof entry[1] === 'object' && !Array.isArray(entry[1]),
  );
