import { describe, expect, test } from '@jest/globals';
import { bed, lambda, STATES } from './support/bed.ts';

const start = (suffix: string, parameters: object = {}) => ({
  StartAt: 'Start',
  States: {
    Start: {
      Type: 'Task',
      Resource: `arn:aws:states:::states:startExecution${suffix}`,
      Parameters: { StateMachineArn: `${STATES}:stateMachine:child`, Name: 'nested', Input: { a: 1 }, ...parameters },
      End: true,
    },
  },
});
const child = `${STATES}:execution:child:nested`;
const CHILD = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 10, End: true } } };

async function begun(suffix: string, definition: object = CHILD) {
  const all = bed({ fails: async () => Promise.reject(Object.assign(new Error('no'), { name: 'No' })) });
  await all.create('child', definition);
  const parent = await all.start(await all.create('parent', start(suffix)), {}, { name: 'p' });
  await all.pass(0);
  return { ...all, parent };
}

describe('a nested execution', () => {
  test('is left to itself without a suffix', async () => {
    const { describe: look, parent } = await begun('');
    expect(await look(child)).toMatchObject({ status: 'RUNNING', input: '{"a":1}' });
    const { status, output } = await look(parent);
    expect([status, JSON.parse(output)]).toMatchObject(['SUCCEEDED', { ExecutionArn: child }]);
  });

  test.each<[string, unknown]>([
    ['.sync', '{"a":1}'],
    ['.sync:2', { a: 1 }],
  ])('is waited for by %s, with its output as %p', async (suffix, output) => {
    const { describe: look, parent, pass, types } = await begun(suffix);
    expect(await look(parent)).toMatchObject({ status: 'RUNNING' });
    await pass(11_000);
    const ended = await look(parent);
    expect(JSON.parse(ended.output)).toMatchObject({ Status: 'SUCCEEDED', Output: output, Input: output });
    expect(await types(parent)).toContain('TaskSubmitted');
  });

  test('that fails, fails its task with what it can be known by', async () => {
    const { describe: look, parent } = await begun('.sync', {
      StartAt: 'F',
      States: { F: { Type: 'Task', Resource: lambda('fails'), End: true } },
    });
    const { status, error, cause } = await look(parent);
    expect([status, error, JSON.parse(cause)]).toMatchObject([
      'FAILED',
      'States.TaskFailed',
      { Error: 'No', Status: 'FAILED', ExecutionArn: child },
    ]);
  });

  test('is stopped with the one that waits for it', async () => {
    const { call, describe: look, parent, pass } = await begun('.sync');
    await call('StopExecution', { executionArn: parent });
    await pass(0);
    expect(await look(child)).toMatchObject({ status: 'ABORTED' });
  });

  test('of a machine that is not there fails by name', async () => {
    const all = bed();
    const arn = await all.create('parent', start('', { StateMachineArn: `${STATES}:stateMachine:none` }));
    const parent = await all.start(arn);
    await all.pass(0);
    expect(await all.describe(parent)).toMatchObject({ error: 'StepFunctions.StateMachineDoesNotExistException' });
  });
});
