import {
  CreateReplicationJobCommand,
  DeleteReplicationJobCommand,
  GetReplicationJobsCommand,
  GetServersCommand,
} from '@aws-sdk/client-sms';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from '@jest/globals';
import type { Replayed } from '../../lib/aws/replay-events.ts';
import { expectGapless } from '../support/events.ts';
import { until } from '../support/start.ts';
import type { Deployment } from './deployment.ts';
import { PATIENCE, whileBroken } from './executions.ts';

/** Events that did not come onto the bus, and how a person brings them there. */
export function replay(deployment: () => Deployment) {
  const deployed = () => deployment();
  const send: Deployment['sms']['send'] = ((command: never) => deployed().sms.send(command)) as never;
  const invoke = (request: object | null) =>
    deployed().functions.get('ReplayEvents')!.invoke(request) as Promise<Replayed>;
  const jobNow = async (replicationJobId: string) =>
    (await send(new GetReplicationJobsCommand({ replicationJobId }))).replicationJobList![0]!;
  const waiting = async () => {
    const { sqs, unpublished: QueueUrl } = deployed();
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    return Number(Attributes!.ApproximateNumberOfMessages);
  };
  const idsOf = () => new Set(deployed().delivered.map(({ detail }) => `${detail.id ?? JSON.stringify(detail)}`));
  let jobId: string;

  test('what the bus did not take is in the queue, and starts nothing', async () => {
    const { serverList = [] } = await send(new GetServersCommand({}));
    const { serverId } = serverList.find(({ vmServer }) => vmServer!.vmName === 'web2')!;
    await whileBroken(deployed(), 'PublishEvents', async () => {
      const job = { serverId, seedReplicationTime: new Date(), runOnce: true };
      jobId = (await send(new CreateReplicationJobCommand(job))).replicationJobId!;
      // The job's first state, and its run's.
      await until(waiting, (count) => count === 2, PATIENCE);
    });
    expect(idsOf().has(`${jobId}:1`)).toBe(false);
    expect((await jobNow(jobId)).replicationRunList).toMatchObject([{ state: 'PENDING' }]);
  });

  test('a replay that cannot publish leaves the queue as it was', async () => {
    await whileBroken(deployed(), 'ReplayEvents', () => expect(invoke({})).rejects.toThrow('not allowed'));
    expect(await waiting()).toBe(2);
  });

  test('one call brings everything, once for each id and in order, and starts what had not begun', async () => {
    const started = new Set(deployed().wire.started.map(({ name }) => name));
    const { deadLetters, events } = await invoke({});
    expect(deadLetters).toBe(2);
    expect(events).toBeGreaterThan(2);
    expect(await waiting()).toBe(0);
    await until(
      () => jobNow(jobId),
      ({ state }) => state === 'COMPLETED',
      PATIENCE,
    );
    await until(
      async () => idsOf(),
      (ids) => deployed().events.every(({ detail }) => ids.has(`${detail.id ?? JSON.stringify(detail)}`)),
      PATIENCE,
    );
    // Whoever drops what comes twice has everything, in order.
    const seen = new Set<unknown>();
    const once = deployed().delivered.filter(
      ({ source, detail }) => source === 'rehost' && !seen.has(detail.id) && seen.add(detail.id),
    );
    expectGapless(once);
    // Whoever hears all ends with the latest state of each.
    const last = new Map(deployed().delivered.map(({ detail }) => [detail.entity, detail.sequence]));
    for (const { source, detail } of once)
      if (source === 'rehost') expect(last.get(detail.entity)).toBeGreaterThanOrEqual(detail.sequence as number);
    const names = deployed()
      .wire.started.map(({ name }) => name)
      .filter((name) => !started.has(name));
    expect(new Set(names.map((name) => name.replace(/^sms-run-.*/, 'run').replace(jobId, 'job')))).toEqual(
      new Set(['run', 'job-expired-1']),
    );
    await send(new DeleteReplicationJobCommand({ replicationJobId: jobId }));
  }, 90_000);

  test('a time may be given, where there is no dead letter', async () => {
    const before = deployed().wire.put.length;
    const first = deployed().events[0]!;
    const time = new Date(first.at).toISOString();
    const { deadLetters, events } = await invoke({ from: time, to: time });
    expect(deadLetters).toBe(0);
    expect(deployed().wire.put.length).toBeGreaterThanOrEqual(before + events);
    expect(
      deployed()
        .wire.put.slice(before)
        .map(({ detail }) => detail.id),
    ).toContain(first.id);
    await expect(invoke({ from: time })).rejects.toThrow('give two times in their order');
    expect(await invoke(null)).toEqual({ deadLetters: 0, events: 0 });
  });

  test('a letter that says no time is named', async () => {
    const { sqs, unpublished: QueueUrl } = deployed();
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    await expect(invoke({})).rejects.toThrow(/^message [\w-]+ does not say when its records were written/);
  });
}
