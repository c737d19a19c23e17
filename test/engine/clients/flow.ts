import { expect } from '@jest/globals';
import { until } from '../../support/start.ts';
import { ROLE } from '../support/bed.ts';

/** Calls an operation of the Step Functions API by a client; errors have the service's name for them. */
// biome-ignore lint/suspicious/noExplicitAny: answers of the API, looked into by the tests
export type Call = (operation: string, input: object) => Promise<any>;

const text = (definition: object) => JSON.stringify(definition);
const pass = text({ StartAt: 'P', States: { P: { Type: 'Pass', Result: { a: 1 }, End: true } } });
const waiting = text({ StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1_000, End: true } } });
const failing = text({ StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E', Cause: 'c' } } });
const working = (activityArn: string) =>
  text({
    StartAt: 'T',
    States: { T: { Type: 'Task', Resource: activityArn, HeartbeatSeconds: 60, TimeoutSeconds: 600, End: true } },
  });
const spread = (activityArn: string) =>
  text({
    StartAt: 'M',
    States: {
      M: {
        Type: 'Map',
        MaxConcurrency: 1,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'I',
          States: { I: { Type: 'Task', Resource: activityArn, End: true } },
        },
        End: true,
      },
    },
  });

const create = async (call: Call, name: string, definition: string, more: object = {}): Promise<string> =>
  (await call('CreateStateMachine', { name, definition, roleArn: ROLE, ...more })).stateMachineArn;

/** Waits for the end of an execution. */
const ended = (call: Call, executionArn: string) =>
  until(
    () => call('DescribeExecution', { executionArn }),
    ({ status }) => status !== 'RUNNING',
  );

/** What clients of every age know: state machines, executions, activities, tags. */
export async function basics(call: Call, name: string) {
  const stateMachineArn = await create(call, name, pass, { tags: [{ key: 'k', value: 'v' }] });
  expect(await call('DescribeStateMachine', { stateMachineArn })).toMatchObject({ name, definition: pass });
  const { stateMachines } = await call('ListStateMachines', {});
  expect(stateMachines.map((one: { name: string }) => one.name)).toContain(name);
  await call('TagResource', { resourceArn: stateMachineArn, tags: [{ key: 'l', value: 'w' }] });
  await call('UntagResource', { resourceArn: stateMachineArn, tagKeys: ['k'] });
  expect((await call('ListTagsForResource', { resourceArn: stateMachineArn })).tags).toEqual([
    { key: 'l', value: 'w' },
  ]);
  const { executionArn } = await call('StartExecution', { stateMachineArn, name: 'first', input: '{"b":2}' });
  expect(await ended(call, executionArn)).toMatchObject({ status: 'SUCCEEDED', input: '{"b":2}', output: '{"a":1}' });
  const { events } = await call('GetExecutionHistory', { executionArn });
  expect(events.map(({ type }: { type: string }) => type)).toEqual([
    'ExecutionStarted',
    'PassStateEntered',
    'PassStateExited',
    'ExecutionSucceeded',
  ]);
  expect(new Date(events[0].timestamp).getFullYear()).toBeGreaterThan(2_025);
  const { executions } = await call('ListExecutions', { stateMachineArn, statusFilter: 'SUCCEEDED' });
  expect(executions).toMatchObject([{ executionArn, name: 'first' }]);
  expect(await call('DescribeStateMachineForExecution', { executionArn })).toMatchObject({ definition: pass });
  await call('UpdateStateMachine', { stateMachineArn, definition: waiting });
  const second = (await call('StartExecution', { stateMachineArn })).executionArn;
  await call('StopExecution', { executionArn: second, error: 'Enough', cause: 'c' });
  expect(await call('DescribeExecution', { executionArn: second })).toMatchObject({
    status: 'ABORTED',
    error: 'Enough',
  });
  await call('DeleteStateMachine', { stateMachineArn });
  await expect(call('StartExecution', { stateMachineArn })).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
  await expect(create(call, `${name}-bad`, text({ StartAt: 'X', States: {} }))).rejects.toMatchObject({
    name: 'InvalidDefinition',
  });
}

/** Workers that ask for tasks and answer by their tokens. */
export async function workers(call: Call, name: string) {
  const { activityArn } = await call('CreateActivity', { name });
  expect(await call('DescribeActivity', { activityArn })).toMatchObject({ name });
  expect((await call('ListActivities', {})).activities).toContainEqual(expect.objectContaining({ activityArn }));
  const stateMachineArn = await create(call, name, working(activityArn));
  const begin = async (input: string) => (await call('StartExecution', { stateMachineArn, input })).executionArn;
  const take = () => call('GetActivityTask', { activityArn, workerName: 'w' });
  const [well, badly] = [await begin('1'), await begin('2')];
  const first = await take();
  expect(first.input).toBe('1');
  await call('SendTaskHeartbeat', { taskToken: first.taskToken });
  await call('SendTaskSuccess', { taskToken: first.taskToken, output: '"done"' });
  expect(await ended(call, well)).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
  await call('SendTaskFailure', { taskToken: (await take()).taskToken, error: 'E', cause: 'c' });
  expect(await ended(call, badly)).toMatchObject({ status: 'FAILED', error: 'E', cause: 'c' });
  await expect(call('SendTaskSuccess', { taskToken: first.taskToken, output: '1' })).rejects.toMatchObject({
    name: 'TaskTimedOut',
  });
  await call('DeleteActivity', { activityArn });
}

/** Map Runs, looked at and changed while they run. */
export async function mapRuns(call: Call, name: string) {
  const { activityArn } = await call('CreateActivity', { name });
  const stateMachineArn = await create(call, name, spread(activityArn));
  const { executionArn } = await call('StartExecution', { stateMachineArn, input: '[1,2,3]' });
  const { mapRuns: found } = await until(
    () => call('ListMapRuns', { executionArn }),
    (answer) => answer.mapRuns.length > 0,
  );
  const { mapRunArn } = found[0];
  expect(await call('DescribeMapRun', { mapRunArn })).toMatchObject({
    status: 'RUNNING',
    maxConcurrency: 1,
    itemCounts: { total: 3, running: 1, pending: 2 },
  });
  await call('UpdateMapRun', { mapRunArn, maxConcurrency: 2 });
  for (let task = 0; task < 3; task++) {
    const { taskToken, input } = await call('GetActivityTask', { activityArn });
    await call('SendTaskSuccess', { taskToken, output: input });
  }
  expect(await ended(call, executionArn)).toMatchObject({ output: '[1,2,3]' });
  const { executions } = await call('ListExecutions', { mapRunArn });
  expect(executions).toHaveLength(3);
}

/** What came to the API later: versions, aliases, redrives, checks and tests. */
export async function later(call: Call, name: string) {
  const stateMachineArn = await create(call, name, failing, { publish: true, versionDescription: 'one' });
  await call('UpdateStateMachine', { stateMachineArn, definition: pass });
  await call('PublishStateMachineVersion', { stateMachineArn });
  const { stateMachineVersions: versions } = await call('ListStateMachineVersions', { stateMachineArn });
  const [second, first] = versions.map((one: { stateMachineVersionArn: string }) => one.stateMachineVersionArn);
  const routingConfiguration = [{ stateMachineVersionArn: first, weight: 100 }];
  const { stateMachineAliasArn } = await call('CreateStateMachineAlias', { name: 'live', routingConfiguration });
  expect((await call('ListStateMachineAliases', { stateMachineArn })).stateMachineAliases).toHaveLength(1);
  const { executionArn } = await call('StartExecution', { stateMachineArn: stateMachineAliasArn });
  expect(await ended(call, executionArn)).toMatchObject({ status: 'FAILED', stateMachineVersionArn: first });
  await call('RedriveExecution', { executionArn });
  expect(await ended(call, executionArn)).toMatchObject({ status: 'FAILED', redriveCount: 1 });
  const moved = [{ stateMachineVersionArn: second, weight: 100 }];
  await call('UpdateStateMachineAlias', { stateMachineAliasArn, routingConfiguration: moved });
  expect(await call('DescribeStateMachineAlias', { stateMachineAliasArn })).toMatchObject({
    routingConfiguration: moved,
  });
  await call('DeleteStateMachineAlias', { stateMachineAliasArn });
  await call('DeleteStateMachineVersion', { stateMachineVersionArn: first });
  expect(await call('ValidateStateMachineDefinition', { definition: pass })).toMatchObject({ result: 'OK' });
  const definition = text({ Type: 'Pass', Result: 2, End: true });
  expect(await call('TestState', { definition, roleArn: ROLE })).toMatchObject({ status: 'SUCCEEDED', output: '2' });
  const express = await create(call, `${name}-express`, pass, { type: 'EXPRESS' });
  expect(await call('StartSyncExecution', { stateMachineArn: express })).toMatchObject({
    status: 'SUCCEEDED',
    output: '{"a":1}',
  });
}
