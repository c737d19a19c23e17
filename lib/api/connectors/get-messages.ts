import type { Connector, Transfer } from '../../domain/entities.ts';
import { isStrict } from '../../domain/group.ts';
import { advance, type Change, unchanged } from '../../domain/transition.ts';
import type { GetMessagesRequest, GetMessagesResult, HeldTransfer, Message } from '../../messages.ts';
import { ConflictError } from '../../store.ts';
import { accessDenied } from '../errors.ts';
import { claim, holderOf, isExpired, transfersOf, workOf } from './claim.ts';
import { batchesOf } from './groups.ts';
import { isRevoked } from './keys.ts';
import { HEARTBEAT, type Speaker } from './services.ts';

/** Milliseconds until a batch that waits for others is looked at again. */
const AGAIN = 1_000;
/** Deleted jobs that a connector is told of at once. */
const ERRANDS = 100;

/** What the service has to say to the connector; waits for it as long as the connector asked and the service allows. */
export async function getMessages(
  request: GetMessagesRequest,
  speaker: Speaker,
  signal?: AbortSignal,
): Promise<GetMessagesResult> {
  const { clock, bell } = speaker.services;
  await noteSeen(speaker);
  const end = clock.now() + Math.min(request.waitSeconds ?? 0, bell.maxWaitSeconds) * 1_000;
  for (;;) {
    // Nobody would hear of what is claimed now.
    if (signal?.aborted) return { messages: [] };
    const left = end - clock.now();
    // Begun before the look, so that nothing is missed between the two.
    const rung = left > 0 ? bell.wait(left, signal) : undefined;
    const found = await look(request, speaker);
    if (found.messages.length > 0 || !rung) return found;
    await (found.againAfter === undefined ? rung : Promise.race([rung, bell.wait(found.againAfter, signal)]));
  }
}

/** Notes now and then that the connector is there, and keeps the transfers alive that wait for one of its manager. */
async function noteSeen({ connector, services }: Speaker) {
  const { store, clock, workflows } = services;
  const at = clock.now();
  if (connector.status === 'HEALTHY' && at - (connector.lastSeenAt ?? 0) < HEARTBEAT) return;
  await store.transact([seen(connector, at)]).catch((error) => {
    // Somebody else writes it at the same time; the next poll is soon enough.
    if (!(error instanceof ConflictError)) throw error;
  });
  for (const { taskToken } of await transfersOf(connector.vmManagerId, 'QUEUED', services))
    await workflows.heartbeat(taskToken);
}

export function seen(connector: Connector, at: number): Change<'Connector'> {
  const change = unchanged('Connector', { ...connector, lastSeenAt: at });
  return connector.status === 'HEALTHY' ? change : advance(change, ['Connector', 'HEALTHY'], { at });
}

async function look(request: GetMessagesRequest, known: Speaker): Promise<GetMessagesResult> {
  const { services, accessKeyId } = known;
  // Read again: it may have been disassociated while it waited, or its key revoked.
  const connector = (await services.store.get('Connector', known.connector.id)) ?? known.connector;
  if (connector.status === 'DISASSOCIATED' || (await isRevoked(accessKeyId, services)))
    throw accessDenied(`connector ${connector.id} was disassociated, or its key revoked; activate it with a new code`);
  const speaker = { ...known, connector };
  const { copies, againAfter } = await work(request, speaker);
  const messages = [
    ...(await cancels(request.transfers, speaker)),
    ...errands(request, connector),
    ...(await questions(request, speaker)),
    ...copies,
  ];
  return { messages, ...(againAfter === undefined ? {} : { againAfter }) };
}

function errands(
  { tasks = [] }: GetMessagesRequest,
  { jobsToForget = [], keyRotationRequested }: Connector,
): Message[] {
  const jobs = jobsToForget.filter((jobId) => !tasks.includes(jobId)).slice(0, ERRANDS);
  return [
    ...jobs.map((jobId) => ({ type: 'FORGET_JOB' as const, jobId })),
    ...(keyRotationRequested && !tasks.includes('ROTATE_KEY') ? [{ type: 'ROTATE_KEY' as const }] : []),
  ];
}

/** Those of its transfers that it has lost. */
async function cancels(held: readonly HeldTransfer[], { connector, services }: Speaker): Promise<Message[]> {
  const lost: Message[] = [];
  for (const { transferId, epoch } of held) {
    const transfer = await services.store.get('Transfer', transferId);
    const own = transfer?.state === 'CLAIMED' && transfer.connectorId === connector.id && transfer.epoch === epoch;
    if (!own) lost.push({ type: 'CANCEL', transferId });
  }
  return lost;
}

async function questions({ tasks = [] }: GetMessagesRequest, { connector, services }: Speaker): Promise<Message[]> {
  const { items } = await services.store.query('ConnectorRequest', { index: 'byConnector', partition: connector.id });
  return items
    .filter(({ id, expiresAt }) => !tasks.includes(id) && expiresAt > services.clock.now())
    .map(({ id, type }) => ({ type, requestId: id }));
}

/** Transfers for the connector: those that are its own and that it does not have, then others as far as it has room. */
async function work({ transfers: held, copySlots }: GetMessagesRequest, speaker: Speaker) {
  const { connector, services } = speaker;
  const now = services.clock.now();
  const claimed = await transfersOf(connector.vmManagerId, 'CLAIMED', services);
  const isHeld = ({ id }: Transfer) => held.some(({ transferId }) => transferId === id);
  const own = claimed.filter((transfer) => transfer.connectorId === connector.id && !isHeld(transfer));
  const copies = await resumed(own, speaker);

  const silent = claimed.filter((transfer) => transfer.connectorId !== connector.id && isExpired(transfer, now));
  const free = [...silent, ...(await transfersOf(connector.vmManagerId, 'QUEUED', services))];
  let [room, heldBack] = [copySlots - own.length, false];
  const { items: connectors } =
    free.length > 0 ? await services.store.query('Connector', { index: 'all', partition: 'all' }) : { items: [] };
  for (const { transfers, incomplete } of room > 0 ? await batchesOf(free, services) : []) {
    const holder = holderOf(transfers, connectors);
    if (holder !== undefined && holder !== connector.id) continue;
    heldBack ||= incomplete;
    if (incomplete || room <= 0) continue;
    const begun = await begin(transfers, speaker);
    room -= transfers.length;
    copies.push(...begun);
  }
  return { copies, ...(heldBack ? { againAfter: AGAIN } : {}) };
}

async function begin(transfers: readonly Transfer[], speaker: Speaker): Promise<Message[]> {
  const first = transfers[0]!;
  // One that comes again stays in its group: should it be frozen anew, the skew is judged anew.
  const groupId = transfers.length > 1 ? `${first.appId}/${first.replicationRunId}` : first.groupId;
  const mine: Transfer[] = [];
  for (const transfer of transfers) {
    const claimed = await claim(transfer, groupId, speaker);
    if (claimed) mine.push(claimed);
  }
  return messagesOf(mine, speaker);
}

/** What the connector had before it started anew, or was given in an answer that it did not get. */
async function resumed(transfers: readonly Transfer[], speaker: Speaker): Promise<Message[]> {
  const mine: Transfer[] = [];
  for (const transfer of transfers) {
    const claimed = await claim(transfer, transfer.groupId, speaker);
    if (claimed) mine.push(claimed);
  }
  return messagesOf(mine, speaker);
}

async function messagesOf(transfers: readonly Transfer[], { services }: Speaker): Promise<Message[]> {
  const messages: Message[] = [];
  for (const transfer of transfers.filter(({ groupId }) => groupId === undefined))
    messages.push({ type: 'COPY', transfer: workOf(transfer) });
  for (const groupId of new Set(transfers.flatMap((transfer) => transfer.groupId ?? []))) {
    const members = transfers.filter((transfer) => transfer.groupId === groupId);
    const app = members[0]!.appId === undefined ? undefined : await services.store.get('App', members[0]!.appId);
    messages.push({
      type: 'FREEZE',
      groupId,
      strict: app !== undefined && isStrict(app),
      transfers: members.map(workOf),
    });
  }
  return messages;
}
