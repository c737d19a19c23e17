import type { Json } from '../../json.ts';
import { readLiteral, readQuoted } from './literals.ts';
import { readPath } from './path-parser.ts';
import type { Filter, Operand } from './path-syntax.ts';
import type { TextReader } from './text-reader.ts';

const OPERATOR = /==|!=|<=|>=|=~|<|>|(?:in|nin|subsetof|anyof|noneof|size|empty|contains)\b/iy;
const PATTERN = /\/((?:[^/\\]|\\.)+)\/([imsu]*)/y;

/** Reads what follows `?` between brackets: conditions joined by `&&`, `||` and `!`. */
export function readFilter(reader: TextReader): Filter {
  reader.expect('(');
  const filter = readAny(reader);
  reader.expect(')');
  return filter;
}

function readAny(reader: TextReader): Filter {
  const of = [readAll(reader)];
  while (reader.takeSpaced('||')) of.push(readAll(reader));
  return of.length === 1 ? of[0]! : { kind: 'any', of };
}

function readAll(reader: TextReader): Filter {
  const of = [readCondition(reader)];
  while (reader.takeSpaced('&&')) of.push(readCondition(reader));
  return of.length === 1 ? of[0]! : { kind: 'all', of };
}

function readCondition(reader: TextReader): Filter {
  reader.skipSpace();
  if (reader.takeSpaced('!')) return { kind: 'not', of: readCondition(reader) };
  if (reader.startsWith('(')) return readFilter(reader);
  const left = readOperand(reader);
  reader.skipSpace();
  const operator = reader.match(OPERATOR)?.[0];
  if (operator === undefined) {
    if (left.kind === 'path') return { kind: 'exists', path: left.path };
    throw reader.problem('an operator is expected');
  }
  reader.skipSpace();
  return { kind: 'compare', operator: operator.toLowerCase(), left, right: readOperand(reader) };
}

function readOperand(reader: TextReader): Operand {
  if (reader.startsWith('@') || reader.startsWith('$'))
    return { kind: 'path', path: readPath(reader, { inFilter: true }) };
  const pattern = reader.match(PATTERN);
  if (pattern) return { kind: 'pattern', pattern: new RegExp(`^(?:${pattern[1]})$`, pattern[2]) };
  return { kind: 'literal', value: readValue(reader) };
}

function readValue(reader: TextReader): Json {
  if (reader.startsWith("'") || reader.startsWith('"')) return readQuoted(reader);
  if (reader.takeSpaced('[')) {
    const items: Json[] = [];
    while (!reader.takeSpaced(']')) {
      if (items.length > 0) reader.expect(',');
      items.push(readValue(reader));
    }
    return items;
  }
  const literal = readLiteral(reader);
  if (literal === undefined) throw reader.problem('a value is expected');
  return literal;
}
