import { join } from 'node:path';
import {
  CompleteSnapshotCommand,
  EBSClient,
  ListSnapshotBlocksCommand,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
} from '@aws-sdk/client-ebs';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DisassociateConnectorCommand } from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { jsonCall } from '../../lib/agent/json-call.ts';
import { OPERATION_SHAPES } from '../../lib/api/sms/shapes.ts';
import { fetchEvents } from '../../lib/cli/endpoint.ts';
import type { Transfer } from '../../lib/domain/entities.ts';
import { transferIdOf } from '../../lib/domain/replication-job.ts';
import { unchanged } from '../../lib/domain/transition.ts';
import { sha256 } from '../../lib/replication/digest.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { type SimulatedSource, simulatedSource } from '../simulators/source.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { importedServers, lastRun, type Place, replicate, runEnded } from '../support/connectors.ts';
import { type Started, start, until, writeDisk } from '../support/start.ts';

/** A few seconds are enough; a machine with other work takes longer. */
jest.setTimeout(60_000);

/** A service without a source of its own, which callers sign for, and connectors that reach it over HTTP. */
let started: Started;
let place: Place;
let source: SimulatedSource;
const agents: TestAgent[] = [];

const connect = async (name: string, copySlots = 4) => {
  const agent = await startAgent(place, { source, folder: join(started.folder, name), copySlots });
  agents.push(agent);
  return agent;
};
const transferOf = async (runId: string) =>
  (await started.rehost.services.store.get('Transfer', transferIdOf(runId))) as Transfer;
const events = async (type: string) => {
  const { url, accessKey } = started.rehost;
  const all = await fetchEvents({ url, region: 'us-east-1', credentials: accessKey } as never, 0);
  return all.map(({ event }) => event).filter((event) => event['detail-type'] === `${type} State Change`);
};

beforeEach(async () => {
  started = await start({ sources: [] });
  const { url, accessKey } = started.rehost;
  place = { url, region: 'us-east-1', credentials: accessKey };
  source = simulatedSource(started.source);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
  await started.end();
});

/** A copy that hangs with its snapshot begun. */
async function hangingCopy(server = 'db1') {
  const release = source.hold();
  const servers = await importedServers(started.sms);
  const jobId = await replicate(started.sms, servers.get(server)!);
  const run = await until(
    () => lastRun(started.sms, jobId),
    (one) => one !== undefined,
  );
  const transfer = await until(
    () => transferOf(run!.replicationRunId!),
    (one) => one?.targets.length > 0,
  );
  return { jobId, transfer, release };
}

test('a stolen key is good for its two actions and its own pending snapshots, and for nothing else', async () => {
  const agent = await connect('one');
  const { transfer, jobId, release } = await hangingCopy();
  const { accessKeyId, secretAccessKey, connectorId } = agent.identity;
  const credentials = { accessKeyId, secretAccessKey };
  const config = { endpoint: place.url, region: 'us-east-1', maxAttempts: 1 };
  const thief = { ...config, credentials };
  const refused = (call: Promise<unknown>) =>
    expect(call.then(() => 'answered')).rejects.toThrow(/which may call GetMessages and SendMessage/);

  for (const operation of Object.keys(OPERATION_SHAPES)) {
    const target = `AWSServerMigrationService_V2016_10_24.${operation}`;
    await refused(jsonCall({ ...thief, target, body: {}, patience: 5_000 }));
  }
  for (const operation of ['CreateActivationCode', 'RotateConnectorKey', 'RevokeConnectorKey'])
    await refused(jsonCall({ ...thief, target: `Rehost.${operation}`, body: { connectorId }, patience: 5_000 }));
  await refused(new SFNClient(thief).send(new ListStateMachinesCommand({})));
  await refused(new EventBridgeClient(thief).send(new PutEventsCommand({ Entries: [] })));
  await refused(fetchEvents({ ...thief, url: place.url } as never, 0));
  await refused(new EC2Client(thief).send(new DescribeSnapshotsCommand({})));

  const ebs = new EBSClient(thief);
  const owner = new EBSClient({ ...config, credentials: place.credentials });
  const { SnapshotId: foreign } = await owner.send(new StartSnapshotCommand({ VolumeSize: 1 }));
  const data = Buffer.alloc(BLOCK_SIZE, 'x');
  const Checksum = (await sha256(data)).toString('base64');
  const block = {
    BlockIndex: 7,
    BlockData: data,
    DataLength: BLOCK_SIZE,
    Checksum,
    ChecksumAlgorithm: 'SHA256',
  } as const;
  await refused(ebs.send(new StartSnapshotCommand({ VolumeSize: 1 })));
  await refused(ebs.send(new PutSnapshotBlockCommand({ ...block, SnapshotId: foreign })));
  await refused(ebs.send(new CompleteSnapshotCommand({ SnapshotId: transfer.targets[0], ChangedBlocksCount: 0 })));
  await refused(ebs.send(new CompleteSnapshotCommand({ SnapshotId: foreign, ChangedBlocksCount: 0 })));
  await expect(
    ebs.send(new PutSnapshotBlockCommand({ ...block, SnapshotId: transfer.targets[0] })),
  ).resolves.toMatchObject({
    Checksum,
  });
  // Nor may it speak for another connector, or for a transfer that is not its own.
  const held = { transferId: 'sms-transfer-00000000', epoch: 1 };
  await expect(
    agent.service.sendMessage({ type: 'COPY_RESULT', connectorId, ...held, taskState: 'SUCCEEDED' }),
  ).rejects.toMatchObject({ name: 'LeaseLostError' });
  await expect(
    agent.service.getMessages({ connectorId: 'c-00000000000000000', copySlots: 1, transfers: [] }),
  ).rejects.toMatchObject({ name: 'DisassociatedError' });
  release();
  // What was put in behind the copy's back is found when it is sealed: the run fails, and no image comes of it.
  expect(await runEnded(started.sms, jobId)).toMatchObject({ state: 'FAILED' });
  for (const client of [ebs, owner]) client.destroy();
});

test('a connector that was silent for too long loses its transfer: messages and blocks of the old claim are refused', async () => {
  const loser = await connect('loser');
  const { jobId, transfer, release } = await hangingCopy();
  const { store } = started.rehost.services;
  loser.cut(true);
  // The lease is over, and the service has marked its holder.
  const [held, connector] = [
    await transferOf(transfer.replicationRunId),
    await store.get('Connector', loser.identity.connectorId),
  ];
  await store.transact([
    unchanged('Transfer', { ...held, leaseExpiresAt: 1 }),
    unchanged('Connector', { ...connector!, status: 'UNHEALTHY', lastSeenAt: Number.MAX_SAFE_INTEGER }),
  ]);
  const winner = await connect('winner');
  const taken = await until(
    () => transferOf(transfer.replicationRunId),
    ({ connectorId }) => connectorId === winner.identity.connectorId,
    30,
  );
  expect(taken).toMatchObject({ attempt: 2, epoch: held.epoch + 1 });
  const { transferId, epoch } = { transferId: held.id, epoch: held.epoch };
  await expect(
    loser.service.sendMessage({
      ...{ type: 'COPY_RESULT', connectorId: loser.identity.connectorId, transferId, epoch },
      taskState: 'ONGOING',
    }),
  ).rejects.toMatchObject({ name: 'LeaseLostError' });
  const thief = new EBSClient({
    endpoint: place.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: loser.identity,
  });
  const list = new ListSnapshotBlocksCommand({ SnapshotId: taken.targets[0] ?? held.targets[0] });
  await expect(thief.send(list)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  thief.destroy();
  release();
  loser.cut(false);
  await until(
    async () => loser.agent.busy,
    (busy) => !busy,
  );
  expect(await runEnded(started.sms, jobId)).toMatchObject({ state: 'COMPLETED' });
  expect(await events('Image')).toHaveLength(1);
});

test('two connectors of one manager have each transfer once', async () => {
  const servers = Array.from({ length: 6 }, (_, index) => `server${index}`);
  for (const server of servers) writeDisk(started.source, server);
  const [one, two] = [await connect('one', 1), await connect('two', 1)];
  const ids = await importedServers(started.sms);
  const jobs = await Promise.all(servers.map((server) => replicate(started.sms, ids.get(server)!)));
  for (const job of jobs) expect(await runEnded(started.sms, job)).toMatchObject({ state: 'COMPLETED' });
  const claims = (await events('Transfer')).filter(({ detail }) => detail.to === 'CLAIMED');
  expect(claims.map(({ detail }) => detail.entity)).toHaveLength(
    new Set(claims.map(({ detail }) => detail.entity)).size,
  );
  const workers = new Set(claims.map(({ detail }) => detail.connectorId));
  expect(workers).toEqual(new Set([one.identity.connectorId, two.identity.connectorId]));
});

test('a connector that is disassociated in the middle of a copy stops, and the other goes on with its transfer', async () => {
  const first = await connect('first');
  const { jobId, transfer, release } = await hangingCopy();
  const second = await connect('second');
  await started.sms.send(new DisassociateConnectorCommand({ connectorId: first.identity.connectorId }));
  release();
  expect(await first.ended).toMatchObject({ name: 'DisassociatedError' });
  expect(await runEnded(started.sms, jobId)).toMatchObject({ state: 'COMPLETED' });
  expect(await transferOf(transfer.replicationRunId)).toMatchObject({
    connectorId: second.identity.connectorId,
    state: 'DONE',
  });
  const body = { connectorId: first.identity.connectorId, copySlots: 1, transfers: [] };
  await expect(first.service.getMessages(body)).rejects.toMatchObject({ name: 'DisassociatedError' });
  expect((await events('Image')).filter(({ detail }) => detail.to === 'AVAILABLE')).toHaveLength(1);
});
