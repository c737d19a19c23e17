import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import * as activities from './activities.ts';
import * as aliases from './aliases.ts';
import * as executions from './executions.ts';
import { getExecutionHistory } from './history.ts';
import * as mapRuns from './map-runs.ts';
import { redriveExecution } from './redrive.ts';
import type { EngineOperation, EngineService } from './service.ts';
import * as machines from './state-machines.ts';
import * as tags from './tags.ts';
import { sendTaskFailure, sendTaskHeartbeat, sendTaskSuccess } from './task-tokens.ts';
import { testState } from './test-state.ts';
import { validate } from './validate.ts';
import { validateStateMachineDefinition } from './validate-definition.ts';
import * as versions from './versions.ts';

/** The operations of the Step Functions API, by their names on the wire. */
export const OPERATIONS: Readonly<Record<string, EngineOperation>> = {
  CreateActivity: activities.createActivity,
  CreateStateMachine: machines.createStateMachine,
  CreateStateMachineAlias: aliases.createStateMachineAlias,
  DeleteActivity: activities.deleteActivity,
  DeleteStateMachine: machines.deleteStateMachine,
  DeleteStateMachineAlias: aliases.deleteStateMachineAlias,
  DeleteStateMachineVersion: versions.deleteStateMachineVersion,
  DescribeActivity: activities.describeActivity,
  DescribeExecution: executions.describeExecution,
  DescribeMapRun: mapRuns.describeMapRun,
  DescribeStateMachine: machines.describeStateMachine,
  DescribeStateMachineAlias: aliases.describeStateMachineAlias,
  DescribeStateMachineForExecution: executions.describeStateMachineForExecution,
  GetActivityTask: activities.getActivityTask,
  GetExecutionHistory: getExecutionHistory,
  ListActivities: activities.listActivities,
  ListExecutions: executions.listExecutions,
  ListMapRuns: mapRuns.listMapRuns,
  ListStateMachineAliases: aliases.listStateMachineAliases,
  ListStateMachineVersions: versions.listStateMachineVersions,
  ListStateMachines: machines.listStateMachines,
  ListTagsForResource: tags.listTagsForResource,
  PublishStateMachineVersion: versions.publishStateMachineVersion,
  RedriveExecution: redriveExecution,
  SendTaskFailure: sendTaskFailure,
  SendTaskHeartbeat: sendTaskHeartbeat,
  SendTaskSuccess: sendTaskSuccess,
  StartExecution: executions.startExecution,
  StartSyncExecution: executions.startSyncExecution,
  StopExecution: executions.stopExecution,
  TagResource: tags.tagResource,
  TestState: testState,
  UntagResource: tags.untagResource,
  UpdateMapRun: mapRuns.updateMapRun,
  UpdateStateMachine: machines.updateStateMachine,
  UpdateStateMachineAlias: aliases.updateStateMachineAlias,
  ValidateStateMachineDefinition: validateStateMachineDefinition,
};

/** One call of the API. Throws ApiError. */
export async function callEngine(operation: string, input: Json, service: EngineService): Promise<Json> {
  const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (!run) throw new ApiError('UnknownOperationException', `there is no operation ${operation}`);
  if (input === null || typeof input !== 'object' || Array.isArray(input))
    throw new ApiError('SerializationException', 'the body is not a JSON object');
  validate(operation, input);
  return run(input, service);
}
