import { readQuoted } from './literals.ts';
import { readFilter } from './path-filter-parser.ts';
import { isDefinite, type Path, type Step } from './path-syntax.ts';
import { TextReader } from './text-reader.ts';

/** Where a path stands decides which characters end a name written after a dot. */
const NAME = /[^.[\]()*\s'",?]+/y;
const NAME_IN_FILTER = /[^.[\]()*\s'",?=<>!&|~]+/y;
const VARIABLE = /[A-Za-z_\p{ID_Start}][\p{ID_Continue}]*/uy;

/** Functions that a path may end with, and whether they take a number. */
const FUNCTIONS: Readonly<Record<string, boolean>> = {
  length: false,
  size: false,
  min: false,
  max: false,
  avg: false,
  stddev: false,
  sum: false,
  keys: false,
  first: false,
  last: false,
  index: true,
};

const parsed = new Map<string, Path>();
/** Paths stand in definitions, so there are few; the bound guards against definitions that come and go without end. */
const MAX_PARSED = 10_000;

/** Takes a path apart. Throws SyntaxError. */
export function parsePath(text: string): Path {
  const known = parsed.get(text);
  if (known) return known;
  const reader = new TextReader(text);
  const path = readPath(reader);
  if (!reader.atEnd) throw reader.problem(`'${reader.rest}' is not part of a path`);
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(text, path);
  return path;
}

/** Reads a path as far as it goes. */
export function readPath(reader: TextReader, { inFilter = false } = {}): Path {
  const start = reader.position;
  const root = readRoot(reader, inFilter);
  const steps: Step[] = [];
  for (let more = readSteps(reader, inFilter); more.length > 0; more = readSteps(reader, inFilter)) {
    steps.push(...more);
    if (more[0]?.kind === 'function') break;
  }
  return { text: reader.text.slice(start, reader.position), root, steps, definite: isDefinite(steps) };
}

function readRoot(reader: TextReader, inFilter: boolean): Path['root'] {
  if (inFilter && reader.take('@')) return 'item';
  if (reader.take('$$')) return 'context';
  if (!reader.take('$')) throw reader.problem("a path begins with '$'");
  const variable = reader.match(VARIABLE);
  return variable ? { variable: variable[0] } : 'input';
}

function readSteps(reader: TextReader, inFilter: boolean): Step[] {
  if (reader.take('..')) return [{ kind: 'scan' }, readScanned(reader, inFilter)];
  if (reader.take('.')) return [readDotted(reader, inFilter)];
  return reader.startsWith('[') ? [readBracketed(reader)] : [];
}

const readScanned = (reader: TextReader, inFilter: boolean): Step =>
  reader.startsWith('[') ? readBracketed(reader) : readDotted(reader, inFilter);

function readDotted(reader: TextReader, inFilter: boolean): Step {
  if (reader.take('*')) return { kind: 'wildcard' };
  const name = reader.match(inFilter ? NAME_IN_FILTER : NAME)?.[0];
  if (name === undefined) throw reader.problem('a name is expected');
  return reader.startsWith('(') ? readFunction(reader, name) : { kind: 'member', name };
}

function readFunction(reader: TextReader, name: string): Step {
  if (!Object.hasOwn(FUNCTIONS, name)) throw reader.problem(`there is no function ${name}()`);
  reader.expect('(');
  const argument = FUNCTIONS[name] ? reader.match(/-?\d+/y)?.[0] : undefined;
  if (FUNCTIONS[name] && argument === undefined) throw reader.problem('a number is expected');
  reader.expect(')');
  return argument === undefined ? { kind: 'function', name } : { kind: 'function', name, argument: Number(argument) };
}

function readBracketed(reader: TextReader): Step {
  reader.expect('[');
  const step = readSelector(reader);
  reader.skipSpace();
  if (!reader.take(']')) throw reader.problem("']' is expected");
  return step;
}

function readSelector(reader: TextReader): Step {
  if (reader.take('*')) return { kind: 'wildcard' };
  if (reader.take('?')) return { kind: 'filter', filter: readFilter(reader) };
  if (reader.startsWith("'") || reader.startsWith('"')) {
    const names = readList(reader, () => readQuoted(reader));
    return names.length === 1 ? { kind: 'member', name: names[0]! } : { kind: 'members', names };
  }
  const slice = reader.match(/(-?\d*)\s*:\s*(-?\d*)/y);
  if (slice) return { kind: 'slice', ...bound('from', slice[1]), ...bound('to', slice[2]) };
  const indexes = readList(reader, () => Number(reader.expectMatch(/-?\d+/y, 'a name or a number')));
  return indexes.length === 1 ? { kind: 'index', index: indexes[0]! } : { kind: 'indexes', indexes };
}

const bound = (name: 'from' | 'to', text: string | undefined) => (text ? { [name]: Number(text) } : {});

function readList<T>(reader: TextReader, read: () => T): T[] {
  const items = [read()];
  while (reader.takeSpaced(',')) items.push(read());
  return items;
}
