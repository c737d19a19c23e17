import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../lib/json.ts';
import { bed, lambda } from './support/bed.ts';

const machine = (more: object = {}) => ({
  StartAt: 'Map',
  States: {
    Map: {
      Type: 'Map',
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Work',
        States: { Work: { Type: 'Task', Resource: lambda('work'), End: true } },
      },
      End: true,
      ...more,
    },
  },
});

async function run(more: object, items: Json, work: (input: Json) => Promise<Json>) {
  const all = bed({ work });
  const executionArn = await all.start(await all.create('m', machine(more)), items);
  await all.pass(1_000);
  const { mapRuns } = await all.call('ListMapRuns', { executionArn });
  const described = mapRuns[0] && (await all.call('DescribeMapRun', { mapRunArn: mapRuns[0].mapRunArn }));
  return { ...all, executionArn, mapRun: described, ended: await all.describe(executionArn) };
}

const failing = async (input: Json) => {
  if (input === 2) throw new Error('two');
  return input;
};

describe('a distributed Map', () => {
  test('runs its items as executions of a Map Run, and keeps their order', async () => {
    const { ended, mapRun, types, call, executionArn } = await run({}, [3, 1, 2], async (input) => Number(input) * 10);
    expect(JSON.parse(ended.output)).toEqual([30, 10, 20]);
    expect(mapRun).toMatchObject({ status: 'SUCCEEDED', itemCounts: { total: 3, succeeded: 3, failed: 0 } });
    expect(await types(executionArn)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapStateStarted',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
    const { executions } = await call('ListExecutions', { mapRunArn: mapRun.mapRunArn });
    expect(executions).toHaveLength(3);
    expect(executions[0]).toMatchObject({ status: 'SUCCEEDED', mapRunArn: mapRun.mapRunArn });
  });

  test('keeps to MaxConcurrency', async () => {
    let [now, most] = [0, 0];
    const { ended } = await run({ MaxConcurrency: 2 }, [1, 2, 3, 4, 5], async (input) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return input;
    });
    expect([most, ended.output]).toEqual([2, '[1,2,3,4,5]']);
  });

  test('fails when more items fail than are tolerated', async () => {
    const { ended, mapRun } = await run({}, [1, 2, 3], failing);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    expect(mapRun).toMatchObject({ status: 'FAILED' });
  });

  test('goes on when as many fail as are tolerated', async () => {
    const { ended, mapRun } = await run({ ToleratedFailureCount: 1 }, [1, 2, 3], failing);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: '[1,3]' });
    expect(mapRun.itemCounts).toMatchObject({ succeeded: 2, failed: 1 });
  });

  test('gives each child a batch of items where it is asked to', async () => {
    const batcher = { ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { shared: true } } };
    const { ended } = await run(batcher, [1, 2, 3], async (input) => input);
    expect(JSON.parse(ended.output)).toEqual([
      { BatchInput: { shared: true }, Items: [1, 2] },
      { BatchInput: { shared: true }, Items: [3] },
    ]);
  });

  test('can be told to run more at once while it runs', async () => {
    const Wait = { Type: 'Wait', Seconds: 3_600, End: true };
    const ProcessorConfig = { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' };
    const ItemProcessor = { ProcessorConfig, StartAt: 'Wait', States: { Wait } };
    const { call, mapRun, pass } = await run({ ItemProcessor, MaxConcurrency: 1 }, [1, 2, 3], async () => null);
    const { mapRunArn } = mapRun;
    expect(mapRun.itemCounts).toMatchObject({ running: 1, pending: 2 });
    await call('UpdateMapRun', { mapRunArn, maxConcurrency: 3, toleratedFailureCount: 1 });
    expect(await call('DescribeMapRun', { mapRunArn })).toMatchObject({
      maxConcurrency: 3,
      toleratedFailureCount: 1,
      itemCounts: { running: 3, pending: 0 },
    });
    await pass(3_600_000);
    expect(await call('DescribeMapRun', { mapRunArn })).toMatchObject({ status: 'SUCCEEDED', maxConcurrency: 3 });
  });

  test('stops its children when it is stopped', async () => {
    const ItemProcessor = {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: 'Wait',
      States: { Wait: { Type: 'Wait', Seconds: 3_600, End: true } },
    };
    const { call, executionArn, mapRun, pass } = await run({ ItemProcessor }, [1, 2], async () => null);
    expect(mapRun).toMatchObject({ status: 'RUNNING', itemCounts: { running: 2 } });
    await call('StopExecution', { executionArn });
    await pass(0);
    const { executions } = await call('ListExecutions', { mapRunArn: mapRun.mapRunArn, statusFilter: 'ABORTED' });
    expect(executions).toHaveLength(2);
    expect(await call('DescribeMapRun', { mapRunArn: mapRun.mapRunArn })).toMatchObject({ status: 'ABORTED' });
  });
});
