import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { describeExecution, getExecutionHistory, listExecutions, startExecution, stopExecution } from './executions.ts';
import type { EngineOperation, EngineService } from './service.ts';
import { createStateMachine, describeStateMachine, listStateMachines, updateStateMachine } from './state-machines.ts';
import { sendTaskFailure, sendTaskHeartbeat, sendTaskSuccess } from './task-tokens.ts';

/** The operations of the Step Functions API that the engine serves, by their names on the wire. */
const OPERATIONS: Readonly<Record<string, EngineOperation>> = {
  CreateStateMachine: createStateMachine,
  DescribeExecution: describeExecution,
  DescribeStateMachine: describeStateMachine,
  GetExecutionHistory: getExecutionHistory,
  ListExecutions: listExecutions,
  ListStateMachines: listStateMachines,
  SendTaskFailure: sendTaskFailure,
  SendTaskHeartbeat: sendTaskHeartbeat,
  SendTaskSuccess: sendTaskSuccess,
  StartExecution: startExecution,
  StopExecution: stopExecution,
  UpdateStateMachine: updateStateMachine,
};

/** One call of the API. Throws ApiError. */
export function callEngine(operation: string, input: Json, service: EngineService): Json {
  const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (!run)
    throw new ApiError(
      'UnknownOperationException',
      `operation ${operation} is not served by this engine; it serves ${Object.keys(OPERATIONS).join(', ')}`,
    );
  if (input === null || typeof input !== 'object' || Array.isArray(input))
    throw new ApiError('SerializationException', 'the body is not a JSON object');
  return run(input, service);
}
