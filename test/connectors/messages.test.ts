import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { jsonCall } from '../../lib/agent/json-call.ts';
import type { GetMessagesResult, SendMessageResult, Work } from '../../lib/messages.ts';
import { simulatedSource } from '../simulators/source.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { importedServers, type Place, replicate } from '../support/connectors.ts';
import { type Started, start, until } from '../support/start.ts';

/** The protocol message by message, spoken by hand with a connector's key; the agent that registered it does nothing. The tests build on each other. */
jest.setTimeout(60_000);
let started: Started;
let agent: TestAgent;
let serverId: string;
let work: Work;

const call = <T>(action: string, body: object): Promise<T> =>
  jsonCall({
    ...{ endpoint: started.rehost.url, region: 'us-east-1', credentials: agent.identity, patience: 10_000, body },
    target: `AWSServerMigrationService_V2016_10_24.${action}`,
  }) as Promise<T>;
const connectorId = () => agent.identity.connectorId;
const poll = (more: object = {}) =>
  call<GetMessagesResult>('GetMessages', { connectorId: connectorId(), copySlots: 4, transfers: [], ...more });
const say = (type: string, body: object = {}) =>
  call<SendMessageResult>('SendMessage', { type, connectorId: connectorId(), ...body });
const held = () => ({ transferId: work.transferId, epoch: work.epoch });

beforeAll(async () => {
  started = await start({ sources: [], servers: ['db1'] });
  const place: Place = { url: started.rehost.url, region: 'us-east-1', credentials: started.rehost.accessKey };
  agent = await startAgent(place, { source: simulatedSource(started.source), folder: join(started.folder, 'one') });
  serverId = (await importedServers(started.sms)).get('db1')!;
  await agent.stop();
});
afterAll(() => started.end());

test.each([
  ['GetMessages', { copySlots: 1 }, 'MissingRequiredParameterException', 'connectorId is required'],
  ['GetMessages', { connectorId: 'c-1', copySlots: -1, transfers: [] }, 'InvalidParameterException', 'copySlots: -1'],
  ['SendMessage', {}, 'MissingRequiredParameterException', 'type is required'],
  ['SendMessage', { type: 'GOSSIP' }, 'InvalidParameterException', 'there is no such message'],
  ['SendMessage', { type: 'constructor' }, 'InvalidParameterException', 'there is no such message'],
  ['SendMessage', { type: 'COPY_RESULT', connectorId: 'c-1', surprise: 1 }, 'InvalidParameterException', 'surprise'],
  ['SendMessage', { type: 'ROTATE_KEY', connectorId: 'c-1', nonce: 'short' }, 'InvalidParameterException', 'nonce'],
])('%s with %j is refused: %s', async (action, body, type, message) => {
  await expect(call(action, body)).rejects.toMatchObject({ type, message: expect.stringContaining(message) });
});

test('a catalog is imported in pages, which may be repeated', async () => {
  const asked = started.rehost.services.connectors.inventory(connectorId());
  const first = asked[Symbol.asyncIterator]().next();
  const { messages } = await until(
    () => poll(),
    ({ messages: one }) => one.length > 0,
  );
  expect(messages).toMatchObject([{ type: 'IMPORT_CATALOG', requestId: expect.any(String) }]);
  const { requestId } = messages[0] as { requestId: string };
  expect((await poll({ tasks: [requestId] })).messages).toEqual([]);
  const page = { requestId, page: 1, items: [{ vmId: 'db1', vmName: 'db1', vmPath: '/db1' }], last: true };
  for (const _ of [1, 2]) await say('IMPORT_RESULT', page);
  expect((await first).value).toMatchObject({ vmId: 'db1' });
});

test('a question is over when who asked goes away in the middle of the answer', async () => {
  const asked = started.rehost.services.connectors.inventory(connectorId())[Symbol.asyncIterator]();
  const first = asked.next();
  const { messages } = await until(
    () => poll(),
    ({ messages: one }) => one.length > 0,
  );
  const { requestId } = messages[0] as { requestId: string };
  await say('IMPORT_RESULT', {
    ...{ requestId, page: 1, last: false },
    items: [{ vmId: 'db1', vmName: 'db1', vmPath: '/db1' }],
  });
  expect((await first).value).toMatchObject({ vmId: 'db1' });
  expect((await poll()).messages).toMatchObject([{ requestId }]);
  await asked.return!();
  expect((await poll()).messages).toEqual([]);
});

test('a transfer is given, and given again as of another claim to who does not name it', async () => {
  await replicate(started.sms, serverId);
  const { messages } = await until(
    () => poll({ waitSeconds: 1 }),
    ({ messages: some }) => some.length > 0,
  );
  const first = (messages[0] as { transfer: Work }).transfer;
  expect(messages).toMatchObject([{ type: 'COPY', transfer: { vmId: 'db1', epoch: 1, attempt: 1 } }]);
  const old = { transferId: first.transferId, epoch: 1 };
  expect((await poll({ transfers: [old] })).messages).toEqual([]);
  work = ((await poll()).messages[0] as { transfer: Work }).transfer;
  expect(work).toMatchObject({ transferId: first.transferId, epoch: 2, attempt: 1 });
  expect((await poll({ transfers: [old] })).messages).toEqual([{ type: 'CANCEL', transferId: old.transferId }]);
  for (const [type, body] of [
    ['COPY_RESULT', { taskState: 'ONGOING' }],
    ['START_SNAPSHOT', { token: 't', sizeGiB: 1 }],
    ['GRANT_BLOCKS', {}],
  ] as const)
    await expect(say(type, { ...old, ...body })).rejects.toMatchObject({ type: 'LeaseLostException' });
});

test('a connector reaches the snapshots of its own transfer, and no parents but its own', async () => {
  const { snapshots } = started.rehost.services;
  const { id: foreign } = await snapshots.start({ sizeGiB: 1, token: 'foreign', tags: {}, timeoutMinutes: 60 });
  const start1 = () => say('START_SNAPSHOT', { ...held(), token: 't', sizeGiB: 1 });
  const { snapshotId, blocks } = await start1();
  expect(blocks).toEqual({});
  expect((await start1()).snapshotId).toBe(snapshotId);
  await expect(say('START_SNAPSHOT', { ...held(), token: 'u', sizeGiB: 1, parent: foreign })).rejects.toMatchObject({
    type: 'InvalidParameterException',
    message: expect.stringContaining(`${foreign} is not of the last run`),
  });
  expect(await say('DESCRIBE_SNAPSHOT', { ...held(), snapshotId: foreign })).toEqual({});
  expect(await say('DESCRIBE_SNAPSHOT', { ...held(), snapshotId })).toEqual({ state: 'pending' });
  await expect(say('COMPLETE_SNAPSHOT', { ...held(), snapshotId: foreign, written: 0 })).rejects.toMatchObject({
    message: expect.stringContaining('is not a snapshot of transfer'),
  });
  await say('REMOVE_SNAPSHOT', { ...held(), snapshotId: foreign });
  expect(await snapshots.state(foreign)).toBe('pending');
  await expect(say('COMPLETE_SNAPSHOT', { ...held(), snapshotId, written: 5 })).rejects.toMatchObject({
    type: 'IncompleteSnapshotError',
  });

  const succeeded = (disks: object[]) => say('COPY_RESULT', { ...held(), taskState: 'SUCCEEDED', result: { disks } });
  for (const disks of [[], [{}], [{ snapshotId: foreign }], [{ snapshotId }]])
    await expect(succeeded(disks)).rejects.toMatchObject({ type: 'InvalidParameterException' });
  await say('COPY_RESULT', { ...held(), taskState: 'ERROR', errorName: 'SourceError', statusMessage: 'no more' });
  await expect(say('COPY_RESULT', { ...held(), taskState: 'ONGOING' })).rejects.toMatchObject({
    type: 'LeaseLostException',
  });
  const { id } = await until(
    async () => (await started.rehost.services.store.get('Transfer', work.transferId))!,
    ({ state }) => state === 'FAILED',
  );
  expect(id).toBe(work.transferId);
  await until(
    () => snapshots.state(snapshotId!),
    (state) => state === undefined,
  );
  await snapshots.remove(foreign);
});
