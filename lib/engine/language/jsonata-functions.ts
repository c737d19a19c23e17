import { HASH_NAMES, hashText } from './hash-text.ts';
import { javaRandom } from './java-random.ts';
import { claim } from './jsonata-bounds.ts';
import type { Expression, Sandbox } from './jsonata-sandbox.ts';
import type { Scope } from './scope.ts';

type Missing<T> = T | undefined;

/** What the functions of the expression under way draw on. */
export interface Chance extends Pick<Scope, 'random' | 'uuid'> {
  readonly sandbox: Sandbox;
}

/** The functions that AWS adds to JSONata; `$eval` it takes away. Arguments are undefined where paths find nothing. */
export function addFunctions(expression: Expression, chance: () => Chance) {
  expression.assign('eval', undefined);
  expression.registerFunction('partition', partition, '<a-n:a>');
  expression.registerFunction('range', range, '<nnn:a>');
  expression.registerFunction('hash', hash, '<s-s:s>');
  expression.registerFunction('pad', pad, '<s-ns?:s>');
  expression.registerFunction('base64encode', encode, '<s-:s>');
  expression.registerFunction('base64decode', decode, '<s-:s>');
  expression.registerFunction('random', (seed: Missing<number>) => random(seed, chance()), '<n?:n>');
  expression.registerFunction('uuid', () => chance().uuid(), '<:s>');
  expression.registerFunction('parse', (text: Missing<string>) => parse(text, chance()), '<s-:x>');
}

function partition(items: Missing<unknown[]>, size: Missing<number>): Missing<unknown[][]> {
  if (items === undefined || size === undefined) return undefined;
  const chunk = Math.trunc(size);
  if (chunk < 1) throw new Error('The chunk size of $partition must be a positive integer');
  return Array.from({ length: Math.ceil(items.length / chunk) }, (_, at) => items.slice(at * chunk, (at + 1) * chunk));
}

/** AWS cuts fractions off, and includes the end where a step lands on it. */
function range(first: Missing<number>, last: Missing<number>, step: Missing<number>): Missing<number[]> {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  const [from, to, by] = [Math.trunc(first), Math.trunc(last), Math.trunc(step)];
  if (by === 0) return undefined;
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  claim(length * 8);
  return Array.from({ length }, (_, at) => from + at * by);
}

function hash(text: Missing<string>, algorithm: Missing<string>): Missing<string> {
  if (text === undefined || algorithm === undefined) return undefined;
  const hashed = hashText(text, algorithm);
  if (hashed === undefined) throw new Error(`The algorithm of $hash must be one of ${HASH_NAMES.join(', ')}`);
  return hashed;
}

/** The library's own takes its memory before anybody can see how much. */
function pad(text: Missing<string>, width: number, filler = ' '): Missing<string> {
  if (text === undefined) return undefined;
  const missing = Math.trunc(Math.abs(width)) - [...text].length;
  if (missing <= 0) return text;
  claim(missing);
  const characters = filler === '' ? [' '] : [...filler];
  const padding = Array.from({ length: missing }, (_, at) => characters[at % characters.length]).join('');
  return width > 0 ? text + padding : padding + text;
}

// The library's own two look for a global of Node that the sandbox does not have. A character stands for a byte, as there.
const encode = (text: Missing<string>) => text && Buffer.from(text, 'latin1').toString('base64');
const decode = (text: Missing<string>) => text && Buffer.from(text, 'base64').toString('latin1');

const random = (seed: Missing<number>, chance: Chance) => (seed === undefined ? chance.random() : javaRandom(seed));

function parse(text: Missing<string>, { sandbox }: Chance): unknown {
  return text === undefined ? undefined : sandbox.parse(text);
}
