import type { Clock } from '../../clock.ts';
import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { Runtime } from '../runtime.ts';
import type { World } from '../step.ts';
import type { EngineStore } from '../store.ts';

/** Who waits for an answer. */
export interface Caller {
  /** Aborted when the caller has gone away. */
  readonly gone?: AbortSignal;
}

/** What the operations of the Step Functions API work on. */
export interface EngineService extends Caller {
  readonly runtime: Runtime;
  readonly store: EngineStore;
  readonly clock: Clock;
  readonly world: World;
}

export type Input = Readonly<Record<string, Json>>;
export type EngineOperation = (input: Input, service: EngineService) => Json | Promise<Json>;

/** Epoch seconds with milliseconds, as AWS JSON 1.0 writes times. */
export const seconds = (ms: number) => ms / 1_000;

/** A member's text, where there is one. */
export const textOf = (input: Input, member: string): string | undefined =>
  typeof input[member] === 'string' ? input[member] : undefined;

/** An object without the members that are undefined. */
export const compact = (members: Readonly<Record<string, unknown>>): { [key: string]: Json } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [key: string]: Json };

/** Names of state machines, executions and activities: 1 to 80 characters, none that IAM or URLs read otherwise. */
export function checkName(name: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the service refuses control characters
  if (name.length > 80 || /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff]/.test(name))
    throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
}

/** The ARN's resource type must be one of these. Throws InvalidArn. */
export function checkArn(arn: string, ...types: string[]) {
  if (!arn.startsWith('arn:')) throw new ApiError('InvalidArn', `Invalid Arn: 'Invalid ARN prefix: ${arn}'`);
  const [, , service, , , type] = arn.split(':');
  if (service === 'states' && types.includes(type!)) return;
  throw new ApiError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${type}'`);
}

/** What a page holds at most; a part of an entry is none, and of none there is the default. */
export const pageSize = ({ maxResults }: Input): number => Math.trunc(Number(maxResults ?? 0)) || 100;

/** A page of a listing whose token is the place after its last entry. Tokens are opaque to clients. */
export function paged<T>(input: Input, { rows, entry, place, more }: Page<T>): { entries: Json[]; nextToken?: string } {
  const limit = pageSize(input);
  const found = rows(limit + 1, placeOf(input));
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const goesOn = found.length > limit || (last !== undefined && more?.(last) === true);
  const nextToken = goesOn ? Buffer.from(JSON.stringify(place(last!))).toString('base64url') : undefined;
  return { entries: shown.map(entry), ...(nextToken === undefined ? {} : { nextToken }) };
}

interface Page<T> {
  rows(limit: number, after: Json | undefined): T[];
  entry(row: T): Json;
  place(row: T): Json;
  /** Whether there are rows after this one, where `rows` may answer fewer than it is asked for. */
  more?(last: T): boolean;
}

function placeOf(input: Input): Json | undefined {
  const token = textOf(input, 'nextToken');
  if (token === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Json;
  } catch {
    throw new ApiError('InvalidToken', "Invalid Token: 'Invalid token'");
  }
}

/** The rows of a short listing, in order of a key: those after a place. */
export const after = <T>(
  all: readonly T[],
  { limit, place, key }: { limit: number; place: Json | undefined; key: (row: T) => string },
) => all.filter((row) => place === undefined || key(row) > String(place)).slice(0, limit);
