import { jobsOf } from '../../app-jobs.ts';
import type { ReplicationRun, Transfer } from '../../domain/entities.ts';
import { maxSkewOf, type RunGroup, skewOf } from '../../domain/group.ts';
import { isEnded } from '../../domain/replication-job.ts';
import { unchanged } from '../../domain/transition.ts';
import type { FrozenTransfer, SendMessageResult } from '../../messages.ts';
import { demandTransfer, failTransfer } from './copy-result.ts';
import type { ConnectorServices, Speaker } from './services.ts';

interface Member {
  readonly transfer: Transfer;
  readonly told: FrozenTransfer;
  readonly run: ReplicationRun;
}

/**
 * Takes what became of the servers of a group: when each was frozen, or why it was not. The skew is measured here, from the instants that the connector
 * tells, and noted on each run. A strict group goes on whole or not at all; another without those that could not be frozen, which fail by name.
 */
export async function freezeResult(
  { groupId, members: told }: { groupId: string; members: readonly FrozenTransfer[] },
  speaker: Speaker,
): Promise<SendMessageResult> {
  const { services } = speaker;
  const members: Member[] = [];
  for (const one of told) {
    const transfer = await demandTransfer(one, speaker).catch(() => undefined);
    const run = transfer && (await services.store.get('ReplicationRun', transfer.replicationRunId));
    if (transfer && run) members.push({ transfer, told: one, run });
  }
  const isFrozen = ({ told }: Member) => told.frozenAt !== undefined;
  const frozen = members.filter(isFrozen);
  const failed = members.filter((member) => !isFrozen(member));
  const group = groupOf(groupId, { frozen, failed, elsewhere: await elsewhereOf(members[0], services) });
  const problem = await strictProblem(group, { failed, members, services });

  for (const member of failed) await fail(member, services);
  for (const { transfer } of problem ? frozen : []) await failTransfer(transfer, problem!, services);
  if (problem) return { copy: [] };
  for (const member of frozen) await note(member, group!, services);
  return { copy: frozen.map(({ transfer }) => transfer.id) };
}

/** The group with what its runs knew of it before: a member that was frozen anew moves its ends apart, never together. */
function groupOf(
  id: string,
  { frozen, failed, elsewhere }: { frozen: readonly Member[]; failed: readonly Member[]; elsewhere: readonly string[] },
): RunGroup | undefined {
  if (frozen.length === 0) return undefined;
  const known = frozen.map(({ run }) => run.group).find((group) => group?.id === id);
  const instants = [...frozen.map(({ told }) => told.frozenAt!), ...(known ? [known.first, known.last] : [])];
  const missing = [...new Set([...(known?.missing ?? []), ...failed.map(nameOf)])];
  return {
    id,
    servers: Math.max(known?.servers ?? 0, frozen.length),
    first: Math.min(...instants),
    last: Math.max(...instants),
    ...(missing.length > 0 ? { missing } : {}),
    ...(elsewhere.length > 0 ? { elsewhere } : {}),
  };
}

/** Names of the application's servers that are replicated from other managers. */
async function elsewhereOf(member: Member | undefined, services: ConnectorServices): Promise<string[]> {
  const { appId, vmServer } = member?.transfer ?? {};
  const app = appId === undefined ? undefined : await services.store.get('App', appId);
  const jobs = app ? await jobsOf(app, services) : [];
  const { vmManagerId } = vmServer?.vmServerAddress ?? {};
  return jobs
    .filter((job) => !isEnded(job) && job.vmServer.vmServerAddress.vmManagerId !== vmManagerId)
    .map((job) => job.vmServer.vmName)
    .sort();
}

const nameOf = ({ transfer }: Member) => transfer.vmServer.vmName;

/** Why the members of a strict group fail together. */
async function strictProblem(
  group: RunGroup | undefined,
  { failed, members, services }: { failed: readonly Member[]; members: readonly Member[]; services: ConnectorServices },
): Promise<{ errorName: string; statusMessage: string } | undefined> {
  const appId = members[0]?.transfer.appId;
  const app = appId === undefined ? undefined : await services.store.get('App', appId);
  if (!app) return undefined;
  let allowed: number | undefined;
  try {
    allowed = maxSkewOf(app);
  } catch (error) {
    return { errorName: 'GroupTagError', statusMessage: (error as Error).message };
  }
  if (allowed === undefined) return undefined;
  if (failed.length > 0)
    return {
      errorName: 'GroupFreezeError',
      statusMessage: `the servers of application ${app.id} are frozen all or none, and ${failed.map((one) => `${nameOf(one)} was not (${one.told.statusMessage})`).join('; ')}`,
    };
  if (group && skewOf(group) > allowed)
    return {
      errorName: 'GroupSkewError',
      statusMessage: `the servers of application ${app.id} were frozen ${skewOf(group) / 1_000} s apart, and ${allowed / 1_000} s are allowed; use a source that freezes servers together, or allow more with the tag rehost:max-skew-seconds`,
    };
  return undefined;
}

const fail = ({ transfer, told }: Member, services: ConnectorServices) =>
  failTransfer(
    transfer,
    {
      errorName: told.errorName ?? 'ConnectorError',
      statusMessage: told.statusMessage ?? `server ${transfer.vmServer.vmName} could not be frozen`,
    },
    services,
  );

async function note({ transfer, told, run }: Member, group: RunGroup, { store }: ConnectorServices) {
  if (run.state !== 'ACTIVE') return;
  await store.transact([
    unchanged('ReplicationRun', { ...run, frozenAt: told.frozenAt!, group }),
    unchanged('Transfer', { ...transfer, frozenAt: told.frozenAt! }),
  ]);
}
