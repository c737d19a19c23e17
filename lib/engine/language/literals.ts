import type { Json } from '../../json.ts';
import type { TextReader } from './text-reader.ts';

/** Reads a text in single or double quotes. A backslash stands for itself, except before the quote and before a backslash. */
export function readQuoted(reader: TextReader): string {
  const quoted = reader.expectMatch(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy, 'a text in quotes');
  const quote = quoted[0]!;
  return quoted
    .slice(1, -1)
    .replaceAll(/\\(.)/gs, (both, next: string) => (next === quote || next === '\\' ? next : both));
}

/** Reads a JSON number, true, false or null. */
export function readLiteral(reader: TextReader): Json | undefined {
  const text = reader.match(/(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y)?.[0];
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}
