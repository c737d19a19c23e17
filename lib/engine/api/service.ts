import type { Clock } from '../../clock.ts';
import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { Engine } from '../engine.ts';
import type { EngineStore } from '../store.ts';

/** What the operations of the Step Functions API work on. */
export interface EngineService {
  readonly engine: Engine;
  readonly store: EngineStore;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
  newId(): string;
}

export type EngineOperation = (input: Readonly<Record<string, Json>>, service: EngineService) => Json;

/** Text that must be there. Throws ValidationException. */
export function required(input: Readonly<Record<string, Json>>, member: string): string {
  const value = input[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new ApiError(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must be a text that is not empty`,
  );
}

/** Names of state machines and executions: 1 to 80 characters, none that IAM or URLs read otherwise. Source: Step Functions API, StartExecution. */
export function checkName(name: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the service refuses control characters
  if (name.length > 80 || /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/.test(name))
    throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
}

/** Epoch seconds with milliseconds, as AWS JSON 1.0 writes times. */
export const seconds = (ms: number) => ms / 1_000;

/** A page of a listing by offset. Tokens are opaque to clients. */
export function pageOf(input: Readonly<Record<string, Json>>, { usual, most }: { usual: number; most: number }) {
  const limit = Math.min(Number(input.maxResults ?? 0) || usual, most);
  const offset = typeof input.nextToken === 'string' ? Number(Buffer.from(input.nextToken, 'base64url').toString()) : 0;
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new ApiError('InvalidToken', `Invalid Token: '${input.nextToken}'`);
  return {
    limit,
    offset,
    token: (more: boolean): { nextToken?: string } =>
      more ? { nextToken: Buffer.from(String(offset + limit)).toString('base64url') } : {},
  };
}
