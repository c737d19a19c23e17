import type { Json } from '../../json.ts';
import { INTRINSICS } from './intrinsics.ts';
import { readLiteral } from './literals.ts';
import { readPath } from './path-parser.ts';
import type { Path } from './path-syntax.ts';
import { TextReader } from './text-reader.ts';

/** `States.Name(argument, …)`, taken apart. */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Argument[];
}

export type Argument =
  | Call
  | { readonly kind: 'path'; readonly path: Path }
  /** `raw` still has its escapes, which States.Format reads: `\{}` is no gap to fill. */
  | { readonly kind: 'literal'; readonly value: Json; readonly raw?: string };

/** How deep AWS lets functions be nested. */
const MAX_DEPTH = 10;

const parsed = new Map<string, Call>();
const MAX_PARSED = 10_000;

export const isIntrinsic = (text: string) => text.startsWith('States.');

/** Takes an invocation of an intrinsic function apart. Throws SyntaxError. */
export function parseIntrinsic(text: string): Call {
  const known = parsed.get(text);
  if (known) return known;
  const reader = new TextReader(text);
  const call = readCall(reader, 1);
  reader.skipSpace();
  if (!reader.atEnd) throw reader.problem('the end is expected');
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(text, call);
  return call;
}

function readCall(reader: TextReader, depth: number): Call {
  const name = reader.expectMatch(/States\.\w+/y, 'an intrinsic function');
  if (!Object.hasOwn(INTRINSICS, name)) throw reader.problem(`there is no intrinsic function ${name}`);
  if (depth > MAX_DEPTH) throw reader.problem(`at most ${MAX_DEPTH} intrinsic functions are nested`);
  reader.expect('(');
  const values: Argument[] = [];
  while (!reader.startsWith(')')) {
    if (values.length > 0) reader.expect(',');
    values.push(readArgument(reader, depth));
    reader.skipSpace();
  }
  reader.take(')');
  return { kind: 'call', name, arguments: values };
}

function readArgument(reader: TextReader, depth: number): Argument {
  if (reader.startsWith("'")) return readText(reader);
  if (reader.startsWith('$')) return { kind: 'path', path: readPath(reader) };
  if (reader.startsWith('States.')) return readCall(reader, depth + 1);
  const value = readLiteral(reader);
  if (value === undefined) throw reader.problem('a path, a literal or an intrinsic function is expected');
  return { kind: 'literal', value };
}

/** A text in single quotes; a backslash makes the quote, braces and the backslash literal, and nothing else. */
function readText(reader: TextReader): Argument {
  const quoted = reader.expectMatch(/'(?:[^'\\]|\\['{}\\])*'/y, 'a text in single quotes');
  const raw = quoted.slice(1, -1);
  return { kind: 'literal', value: raw.replaceAll(/\\(.)/gs, '$1'), raw };
}
