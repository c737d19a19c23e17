import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { prepared } from '../../lambdas/middleware/prepared.ts';
import { idsOf } from '../../lib/aws/ids.ts';
import { measurementMetrics } from '../../lib/aws/measurement-metrics.ts';
import { metricLines } from '../../lib/aws/metrics.ts';
import { eachQueued } from '../../lib/aws/queued-events.ts';
import { awsServices } from '../../lib/aws/services.ts';
import { inTrace, sendTrace, traceHeader, traceOf } from '../../lib/aws/trace.ts';
import { transitionMetrics } from '../../lib/aws/transition-metrics.ts';
import type { DomainEvent, EventBridgeEvent } from '../../lib/domain/events.ts';

describe('the ids of an input', () => {
  test.each([
    ['of a run', { replicationRunId: 'sms-run-1', taskToken: 'secret' }, { run: 'sms-run-1' }],
    [
      'of a migration',
      { migration: 'shop-1', plan: { app: { name: 'shop' } }, state: { app: { appId: 'app-1' } } },
      { migration: 'shop-1', app: 'app-1' },
    ],
    [
      'of an event',
      {
        detail: { entityType: 'ReplicationRun', entity: 'sms-run-1', id: 'sms-run-1:2', replicationJobId: 'sms-job-1' },
      },
      { run: 'sms-run-1', job: 'sms-job-1', event: 'sms-run-1:2' },
    ],
    [
      'of a transfer’s event: of its run',
      { detail: { entityType: 'Transfer', entity: 't', replicationRunId: 'r' } },
      { run: 'r' },
    ],
    ['of nothing', null, {}],
    ['of text', 'text', {}],
  ])('%s', (_, input, ids) => expect(idsOf(input)).toEqual(ids));
});

test('a trace gets the ids as annotations, as a part of the function’s own', async () => {
  const daemon = createSocket('udp4');
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  const message = once(daemon, 'message');
  const env = {
    AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${(daemon.address() as AddressInfo).port}`,
    _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1',
  };
  await sendTrace(env, { name: 'beginRun', annotations: { run: 'sms-run-1' }, begin: 1_000, end: 1_500, failed: true });
  const [header, segment] = String((await message)[0]).split('\n');
  daemon.close();
  expect(JSON.parse(header!)).toEqual({ format: 'json', version: 1 });
  expect(JSON.parse(segment!)).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    trace_id: '1-5759e988-bd862e3fe1be46a994272793',
    parent_id: '557abcec3ee5a047',
    type: 'subsegment',
    name: 'beginRun',
    start_time: 1,
    end_time: 1.5,
    fault: true,
    annotations: { run: 'sms-run-1' },
  });
});

describe('the trace of an invocation', () => {
  const root = '1-5759e988-bd862e3fe1be46a994272793';
  const env = { _X_AMZN_TRACE_ID: `Root=${root};Parent=557abcec3ee5a047;Sampled=1;Lineage=1:a8ba67ee:0` };

  test('is handed on without the line of its callers, which is Lambda’s own', () => {
    expect(traceHeader(env)).toBe(`Root=${root};Parent=557abcec3ee5a047;Sampled=1`);
    expect(traceHeader({ _X_AMZN_TRACE_ID: `Root=${root}` })).toBe(`Root=${root}`);
    for (const none of [undefined, '', 'Root=', 'Root=1-1-1;Parent=557abcec3ee5a047'])
      expect(traceHeader({ _X_AMZN_TRACE_ID: none })).toBeUndefined();
    expect([traceOf(env._X_AMZN_TRACE_ID), traceOf('')]).toEqual([{ traceId: root }, {}]);
  });

  test('goes with the events that it writes, and stands in those of ours', () => {
    const event = { id: 'a:1', source: 'rehost', detailType: 't', at: 0, resources: [], detail: { to: 'A' } } as const;
    const trace = traceHeader(env)!;
    expect(inTrace(event, trace)).toEqual({ ...event, trace, detail: { to: 'A', traceId: root } });
    expect(inTrace({ ...event, source: 'rehost.sms' }, trace).detail).toEqual({ to: 'A' });
    expect(inTrace(event, undefined)).toBe(event);
  });
});

test('nothing is sent of what is not traced', async () => {
  const part = { name: 'beginRun', annotations: {}, begin: 0, end: 1, failed: false };
  // A datagram to such an address would fail.
  await sendTrace({ AWS_XRAY_DAEMON_ADDRESS: 'nowhere:0', _X_AMZN_TRACE_ID: 'Root=1;Parent=2;Sampled=0' }, part);
  await sendTrace({}, part);
});

describe('metrics', () => {
  const event = (detailType: string, detail: object): DomainEvent => ({
    id: 'x:1',
    source: 'rehost',
    detailType,
    at: 0,
    resources: [],
    detail: detail as DomainEvent['detail'],
  });

  test('count transitions by machine and state, and bytes of images', () => {
    const run = event('Replication Run State Change', { to: 'FAILED' });
    const image = event('Image State Change', { to: 'AVAILABLE', bytes: 5 });
    expect(transitionMetrics([run, image, run, image, event('App State Change', { to: 'ACTIVE' })])).toEqual([
      { name: 'Transitions', unit: 'Count', value: 2, dimensions: { Machine: 'Replication Run', State: 'FAILED' } },
      { name: 'ImageBytes', unit: 'Bytes', value: 10, dimensions: { Machine: 'Image' } },
    ]);
  });

  test('tell of states in which nothing is any more', () => {
    const metrics = measurementMetrics({ migrations: { MIGRATED: 2 }, activeRuns: 1, oldestRunSeconds: 60 });
    expect(metrics).toContainEqual({ name: 'Migrations', unit: 'Count', value: 2, dimensions: { State: 'MIGRATED' } });
    expect(metrics).toContainEqual({ name: 'Migrations', unit: 'Count', value: 0, dimensions: { State: 'LAUNCHING' } });
    expect(metrics.at(-1)).toMatchObject({ name: 'OldestRunAge', unit: 'Seconds', value: 60 });
  });

  test('are lines that CloudWatch takes for metrics', () => {
    const [line] = metricLines([{ name: 'ActiveRuns', unit: 'Count', value: 3, dimensions: { Machine: 'Run' } }], 7);
    expect(JSON.parse(line!)).toEqual({
      _aws: {
        Timestamp: 7,
        CloudWatchMetrics: [
          { Namespace: 'Rehost', Dimensions: [['Machine']], Metrics: [{ Name: 'ActiveRuns', Unit: 'Count' }] },
        ],
      },
      Machine: 'Run',
      ActiveRuns: 3,
    });
  });
});

test('events from a queue of failures are taken as those from the bus', async () => {
  const taken: unknown[] = [];
  const run = eachQueued(async function startWorkflow(event: EventBridgeEvent) {
    taken.push(event);
  });
  const event = { id: 'a' } as EventBridgeEvent;
  await run(event, {});
  await run({ Records: [{ body: JSON.stringify({ id: 'b' }) }, { body: JSON.stringify({ id: 'c' }) }] }, {});
  expect(taken).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
  expect(run.name).toBe('startWorkflow');
});

describe('the services of a function', () => {
  const env = { AWS_REGION: 'us-east-1', ACCOUNT: '000000000000', TABLE: 'table' };

  test('have the limits that the stack sets', async () => {
    const { config } = await awsServices({
      ...env,
      CONFIG: '{"limits":{"replicatingServers":7},"wireCasing":"legacy"}',
    });
    expect(config).toMatchObject({ wireCasing: 'legacy', limits: { replicatingServers: 7, replicatingApps: 50 } });
  });

  test('fail by name for a setting that there is not, and for a port that was not given', async () => {
    await expect(awsServices({ ...env, CONFIG: '{"limits":{"servers":7}}' })).rejects.toThrow('there is no servers');
    await expect(awsServices({ ...env, TABLE: '' })).rejects.toThrow('TABLE is not set');
    const { images } = await awsServices(env);
    expect(() => images.exists('ami-1')).toThrow('images.exists: this function has no port images');
  });
});

test('what could not be prepared is prepared by the next call', async () => {
  let attempts = 0;
  const services = prepared(async () => {
    attempts++;
    if (attempts < 3) throw new Error(`attempt ${attempts}`);
    return 'services';
  });
  await expect(services()).rejects.toThrow('attempt 2');
  expect(await services()).toBe('services');
  expect(await services()).toBe('services');
  expect(attempts).toBe(3);
});
