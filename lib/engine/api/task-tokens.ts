import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { parsedPayload } from '../data-limit.ts';
import { type EngineOperation, type EngineService, textOf } from './service.ts';

export const sendTaskSuccess: EngineOperation = async (input, service) => {
  const output = parsed(input.output as string);
  const nonce = checkedToken(input.taskToken as string, service);
  return answered(await service.runtime.tell({ kind: 'result', nonce, output }));
};

export const sendTaskFailure: EngineOperation = async (input, service) => {
  const nonce = checkedToken(input.taskToken as string, service);
  const failure = { error: textOf(input, 'error'), cause: textOf(input, 'cause') };
  return answered(await service.runtime.tell({ kind: 'failure', nonce, ...failure }));
};

export const sendTaskHeartbeat: EngineOperation = async (input, service) => {
  const nonce = checkedToken(input.taskToken as string, service);
  return answered(await service.runtime.tell({ kind: 'heartbeat', nonce }));
};

const TOKEN = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A text that was never a token is told apart from a token whose task is over. */
function checkedToken(token: string, { runtime }: EngineService): string {
  if (TOKEN.test(token) || runtime.waiting(token)) return token;
  throw new ApiError('InvalidToken', "Invalid Token: 'Invalid token'");
}

function answered(awaited: boolean): Json {
  if (awaited) return {};
  throw new ApiError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
}

function parsed(output: string): Json {
  try {
    return parsedPayload(output);
  } catch (error) {
    throw new ApiError('InvalidOutput', `Invalid Output: '${(error as Error).message}'`);
  }
}
