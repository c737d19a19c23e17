import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, expect, test } from '@jest/globals';
import type { Deployment } from './deployment.ts';
import type { PutEvent, Start } from './wire.ts';

const rootOf = (traceHeader = '') => /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(;|$)/.exec(traceHeader)?.[1];
const rootsOf = (all: readonly { traceHeader?: string | undefined }[]) => [
  ...new Set(all.map(({ traceHeader }) => rootOf(traceHeader))),
];

/** Everything that a migration put on the bus and started, from its first event to its last. */
interface Pass {
  readonly name: string;
  readonly root: string | undefined;
  readonly put: readonly PutEvent[];
  readonly started: readonly Start[];
}

/** Migrations by event, after they were made: each is one trace, from the request to the launch, through every event and every execution. */
export function traces(deployment: () => Deployment) {
  let passes: Pass[];
  beforeAll(() => {
    const names = deployment().wire.started.filter(({ workflow }) => workflow === 'app-migration');
    passes = [...new Map(names.map((start) => [start.name, start])).values()].map((start) =>
      passOf(start, deployment()),
    );
  });

  test('every event of a migration is in its trace, whoever wrote it', () => {
    for (const { root, put } of passes) expect(rootsOf(put)).toEqual([root]);
    const shop = passes.find(({ name }) => name.startsWith('shop-'))!;
    // Those of transfers and of progress are written by the API on behalf of a connector, those of validations on behalf of a server.
    expect(new Set(shop.put.map(({ detailType }) => detailType.replace(' State Change', '')))).toEqual(
      new Set([
        'Migration',
        'App Replication',
        'App Launch',
        'Replication Job',
        'Replication Run',
        'Replication Run Progress',
        'Transfer',
        'Image',
        'Validation',
        'Server Migration Job',
      ]),
    );
  });

  test('an event says its trace, but for those that SMS had', () => {
    for (const { root, put } of passes)
      for (const { source, detail } of put) expect(detail.traceId).toBe(source === 'rehost' ? root : undefined);
  });

  test('every execution of a migration is in its trace, and recorded', async () => {
    for (const { root, started } of passes) {
      expect(rootsOf(started)).toEqual([root]);
      for (const { traceHeader } of started) expect(traceHeader).toContain('Sampled=1');
    }
    const shop = passes.find(({ name }) => name.startsWith('shop-'))!;
    const workflows = ['app-launch', 'app-migration', 'app-replication', 'replication-run', 'replication-run'];
    expect(shop.started.map(({ workflow }) => workflow).toSorted()).toEqual(workflows);
  });

  test('two migrations are two traces', () => {
    expect(passes.length).toBeGreaterThan(2);
    expect(new Set(passes.map(({ root }) => root)).size).toBe(passes.length);
  });

  test('what waits for a later time is a trace of its own', () => {
    const { started } = deployment().wire;
    const later = started.filter(({ name }) => name.includes('-expired-'));
    expect(later.length).toBeGreaterThan(1);
    const roots = rootsOf(later);
    expect(roots).toHaveLength(new Set(later.map(({ name }) => name)).size);
    for (const { root } of passes) expect(roots).not.toContain(root);
  });

  test('functions log the trace', () => {
    const { functions } = deployment();
    const { root } = passes.find(({ name }) => name.startsWith('shop-'))!;
    for (const name of [
      'Api',
      'StartWorkflow',
      'CreateApp',
      'CreateReplicationJobs',
      'BeginRun',
      'RegisterImage',
      'PollStack',
    ])
      expect([name, functions.get(name)!.output.includes(`traceId: '${root}'`)]).toEqual([name, true]);
  });

  test('an event that comes again, by whatever way, is in the same trace', async () => {
    const { wire, functions, delivered, records } = deployment();
    const { root, name } = passes.find((pass) => pass.name.startsWith('shop-'))!;
    const again = async (event: object | undefined) => {
      const before = wire.started.length;
      await functions.get('StartWorkflow')!.invoke(event);
      // As from the queue of failures: without the header that went with it.
      await functions.get('StartWorkflow')!.invoke({ Records: [{ body: JSON.stringify(event) }] });
      return wire.started.slice(before);
    };
    const request = delivered.find(
      ({ id, 'detail-type': type }) => type === 'Migration Requested' && name.endsWith(id),
    );
    const run = delivered.find(({ detail }) => detail.traceId === root && detail.entityType === 'ReplicationRun');
    for (const event of [request, run]) {
      const repeats = await again(event);
      expect(repeats).toHaveLength(2);
      expect(rootsOf(repeats)).toEqual([root]);
    }
    const before = wire.put.length;
    await functions.get('PublishEvents')!.invoke({ Records: records });
    const published = wire.put.slice(0, before).filter(({ source }) => source.startsWith('rehost'));
    const repeated = new Map(wire.put.slice(before).map((one) => [JSON.stringify(one.detail), one.traceHeader]));
    expect(repeated.size).toBeGreaterThan(100);
    for (const { detail, traceHeader } of published)
      if (repeated.has(JSON.stringify(detail))) expect(repeated.get(JSON.stringify(detail))).toBe(traceHeader);
  });

  test('an execution knows its trace', async () => {
    const { sfn } = deployment();
    const { root, started } = passes[0]!;
    for (const { workflow, name } of started) {
      const executionArn = `arn:aws:states:us-east-1:123456789012:execution:${workflow}:${name}`;
      expect(rootOf((await sfn.send(new DescribeExecutionCommand({ executionArn }))).traceHeader)).toBe(root);
    }
  });
}

/** By what events say of the application: those between the first and the last of the migration that are about it, its jobs and their runs. */
function passOf({ name, traceHeader }: Start, { wire }: Deployment): Pass {
  const isOwn = ({ detail }: PutEvent) => detail.entityType === 'Migration' && detail.entity === name;
  const during = wire.put.slice(wire.put.findIndex(isOwn), wire.put.findLastIndex(isOwn) + 1);
  const appId = during.filter(isOwn).find(({ detail }) => detail.appId)?.detail.appId;
  const ids = new Set<unknown>([name, appId]);
  const isAbout = ({ detail }: PutEvent) =>
    [detail.entity, detail.appId, detail.replicationJobId, detail['replication-job-id']].some(
      (id) => id && ids.has(id),
    );
  // An application's jobs say its id, and their images, transfers and SMS's own events theirs.
  for (const { detail } of during)
    if (detail.entityType === 'ReplicationJob' && ids.has(detail.appId)) ids.add(detail.entity);
  const put = during.filter(isAbout);
  const first = new Set(
    put
      .filter(({ detail }) => detail.entityType === 'ReplicationRun' && detail.to === 'ACTIVE')
      .map(({ detail }) => detail.entity),
  );
  const isStarted = (start: Start) =>
    start.name === name ||
    (start.name.includes(String(appId)) && /-(replication|launch)-1-app-/.test(start.name)) ||
    (start.workflow === 'replication-run' && first.has(start.name.replace(/-\d+$/, '')));
  return { name, root: rootOf(traceHeader), put, started: wire.started.filter(isStarted) };
}
