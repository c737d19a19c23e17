import { expect, test } from '@jest/globals';
import { bed, STATES } from './support/bed.ts';

const activityArn = `${STATES}:activity:work`;
const MACHINE = {
  StartAt: 'Work',
  States: { Work: { Type: 'Task', Resource: activityArn, TimeoutSeconds: 600, HeartbeatSeconds: 60, End: true } },
};

async function begun() {
  const all = bed();
  await all.call('CreateActivity', { name: 'work' });
  const executionArn = await all.start(await all.create('m', MACHINE), { a: 1 });
  await all.pass(0);
  return { ...all, executionArn };
}

test('an activity is done by the worker that asks for it', async () => {
  const { call, describe, types, executionArn } = await begun();
  const { taskToken, input } = await call('GetActivityTask', { activityArn, workerName: 'w' });
  expect(JSON.parse(input)).toEqual({ a: 1 });
  await call('SendTaskSuccess', { taskToken, output: '{"done":true}' });
  expect(await describe(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '{"done":true}' });
  expect(await types(executionArn)).toEqual([
    'ExecutionStarted',
    'TaskStateEntered',
    'ActivityScheduled',
    'ActivityStarted',
    'ActivitySucceeded',
    'TaskStateExited',
    'ExecutionSucceeded',
  ]);
});

test('a worker that waits gets the next task, and nothing after a minute without one', async () => {
  const all = bed();
  await all.call('CreateActivity', { name: 'work' });
  const waiting = all.call('GetActivityTask', { activityArn });
  await all.start(await all.create('m', MACHINE), { a: 1 });
  expect(await waiting).toMatchObject({ input: '{"a":1}' });
  const idle = all.call('GetActivityTask', { activityArn });
  await all.pass(61_000);
  expect(await idle).toEqual({});
});

test('an activity without a heartbeat times out', async () => {
  const { call, pass, describe, executionArn } = await begun();
  const { taskToken } = await call('GetActivityTask', { activityArn });
  await pass(50_000);
  await call('SendTaskHeartbeat', { taskToken });
  await pass(50_000);
  expect(await describe(executionArn)).toMatchObject({ status: 'RUNNING' });
  await pass(61_000);
  expect(await describe(executionArn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  await expect(call('SendTaskSuccess', { taskToken, output: '1' })).rejects.toMatchObject({ type: 'TaskTimedOut' });
});

test('an activity that is not there is refused', async () => {
  const { call } = bed();
  const none = `${STATES}:activity:none`;
  await expect(call('GetActivityTask', { activityArn: none })).rejects.toMatchObject({
    type: 'ActivityDoesNotExist',
    message: `Activity Does Not Exist: '${none}'`,
  });
});
