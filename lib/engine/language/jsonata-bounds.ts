import type { Expression, Node } from './jsonata-sandbox.ts';

/** Thrown within an expression that goes beyond what it may use. The messages are AWS's. */
export class OutOfBounds extends Error {
  override readonly name = 'OutOfBounds';
}

/** Milliseconds for which one expression may run. AWS has a bound that it does not tell; a payload of full size needs up to a fifth of ours. */
export const TIME_LIMIT = 2_000;
/** How deep evaluations may be nested; AWS refuses the 101st. */
const DEPTH_LIMIT = 100;
/** Bytes that a value may have, as AWS counts them: 8 for an element of a list and 1 for a character. Measured on AWS: 873,782 elements pass. */
const VALUE_LIMIT = 873_782 * 8;
/** Bytes that all values together may have that an expression makes on its way. */
const TOTAL_LIMIT = 40 * VALUE_LIMIT;
/** Evaluations that may be under way at once, side by side in lists and objects. */
const OPEN_LIMIT = 100_000;

const TIMEOUT = 'Expression evaluation timeout: Check for infinite loop';
const MEMORY = 'Expression evaluation memory limit exceeded: Check for excessive memory usage';
const OVERFLOW =
  'Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.';

export const tookTooLong = () => new OutOfBounds(TIMEOUT);

/** What the expression under way has used. Expressions run one after the other, so there is one. */
const used = { until: 0, open: 0, width: 0, bytes: 0 };

export function startClock(limit: number) {
  Object.assign(used, { until: performance.now() + limit, open: 0, width: 0, bytes: 0 });
}

/** Has the library tell us of every step, which may throw. */
export function bound(expression: Expression) {
  expression.assign(Symbol.for('jsonata.__evaluate_entry'), enter);
  expression.assign(Symbol.for('jsonata.__evaluate_exit'), leave);
}

function enter(node: Node) {
  used.open += 1;
  used.width += widthOf(node);
  // Members of a list or an object are evaluated side by side, each with a depth of its own.
  if (used.open > Math.min(OPEN_LIMIT, DEPTH_LIMIT * (1 + used.width))) throw new OutOfBounds(OVERFLOW);
  if (performance.now() > used.until) throw tookTooLong();
}

function leave(node: Node, _input: unknown, _environment: unknown, result: unknown) {
  used.open -= 1;
  used.width -= widthOf(node);
  claim(sizeOf(result), makesValues(node));
}

function widthOf({ type, value, group, expressions, lhs }: Node): number {
  if (group !== undefined) return OPEN_LIMIT;
  if (type !== 'unary' || (value !== '[' && value !== '{')) return 0;
  return ((expressions ?? lhs) as readonly unknown[]).length;
}

const makesValues = ({ type }: Node) => type !== 'variable' && type !== 'name' && type !== 'string';

const sizeOf = (value: unknown): number =>
  Array.isArray(value) ? value.length * 8 : typeof value === 'string' ? value.length : 0;

/** Counts bytes that an expression takes. Throws where they are too many. */
export function claim(bytes: number, isNew = true) {
  if (isNew) used.bytes += bytes;
  if (bytes > VALUE_LIMIT || used.bytes > TOTAL_LIMIT) throw new OutOfBounds(MEMORY);
}
