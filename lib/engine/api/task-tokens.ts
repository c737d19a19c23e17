import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { type EngineOperation, required } from './service.ts';

export const sendTaskSuccess: EngineOperation = (input, { engine }) => {
  const output = parse(required(input, 'output'));
  return answered(engine.answer(required(input, 'taskToken'), { output }));
};

export const sendTaskFailure: EngineOperation = (input, { engine }) => {
  const text = (member: string) => (typeof input[member] === 'string' ? input[member] : '');
  return answered(engine.answer(required(input, 'taskToken'), { error: text('error'), cause: text('cause') }));
};

export const sendTaskHeartbeat: EngineOperation = (input, { engine }) =>
  answered(engine.heartbeat(required(input, 'taskToken')));

function answered(awaited: boolean): Json {
  if (awaited) return {};
  throw new ApiError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
}

function parse(output: string): Json {
  try {
    return JSON.parse(output) as Json;
  } catch (error) {
    throw new ApiError('InvalidOutput', `Invalid Output: '${(error as Error).message}'`);
  }
}
