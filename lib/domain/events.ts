import type { Entities, Kind } from './entities.ts';
import { skewOf } from './group.ts';
import type { MachineName } from './states.ts';

/** An event before it is published: what `detail` and `detail-type` will be. */
export interface DomainEvent {
  /** Stable: a repeat of the event has the same id. */
  readonly id: string;
  readonly source: 'rehost' | 'rehost.sms';
  readonly detailType: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Resources without their `arn:aws:sms:<region>:<account>:` prefix, which is known where events are published. */
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  /** What it is a part of, as X-Ray's header says it; absent where nothing is traced. */
  readonly trace?: string;
}

/** An event as EventBridge delivers it. */
export interface EventBridgeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The detail of every `<machine> State Change`. */
export interface StateChange {
  readonly version: '1';
  readonly id: string;
  readonly entityType: Kind;
  readonly entity: string;
  /** Counts the events of this entity from 1, without gaps. */
  readonly sequence: number;
  /** Null for the first state. */
  readonly from: string | null;
  readonly to: string;
  readonly reason?: string;
  /** The trace that it is a part of, on AWS. */
  readonly traceId?: string;
  /** ISO 8601. */
  readonly at: string;
  /** The ids of what the entity belongs to: appId, replicationJobId, serverId … */
  readonly [reference: string]: unknown;
}

/** The ids and figures of each kind that its events carry, so that rules can match them and readers need no lookup. */
const REFERENCES: { [K in Kind]?: (entity: Entities[K]) => Record<string, unknown> } = {
  Server: ({ vmServer, replicationJobId, appId }) => ({ vmName: vmServer.vmName, replicationJobId, appId }),
  ReplicationJob: ({ serverId, appId, vmServer, latestAmiId }) => ({
    serverId,
    vmName: vmServer.vmName,
    appId,
    amiId: latestAmiId,
  }),
  ReplicationRun: (run) => ({
    replicationJobId: run.replicationJobId,
    serverId: run.serverId,
    appId: run.appId,
    amiId: run.amiId,
    type: run.type,
    schedule: run.schedule,
    scheduledStartTime: new Date(run.scheduledStartTime).toISOString(),
    frozenAt: run.frozenAt === undefined ? undefined : new Date(run.frozenAt).toISOString(),
    consistency: run.consistency,
    groupId: run.group?.id,
    groupServers: run.group?.servers,
    groupSkewMilliseconds: run.group && skewOf(run.group),
    groupMissing: run.group?.missing,
    groupElsewhere: run.group?.elsewhere,
  }),
  Connector: ({ vmManagerId, vmManagerName }) => ({ vmManagerId, vmManagerName }),
  Transfer: ({ replicationRunId, replicationJobId, serverId, connectorId, attempt, epoch, groupId }) => ({
    replicationRunId,
    replicationJobId,
    serverId,
    connectorId,
    attempt,
    epoch,
    groupId,
  }),
  Image: ({ replicationJobId, replicationRunId, serverId, name, bytes }) => ({
    replicationJobId,
    replicationRunId,
    serverId,
    name,
    bytes,
  }),
  App: ({ name, replicationNumber, launchNumber, stack, deletion }) => ({
    name,
    replicationNumber,
    launchNumber,
    stackName: stack?.stackName,
    deletionNumber: deletion?.number,
  }),
  Migration: ({ appId, appName }) => ({ appId, name: appName }),
  ServerCatalog: ({ importNumber, appImportNumber }) => ({ importNumber, appImportNumber }),
  Validation: ({ appId, name, serverId, launchNumber }) => ({ appId, name, serverId, launchNumber }),
};

/** The event of one transition of `entity`, whose `sequence` already counts it. */
export function stateChange<K extends Kind>(
  kind: K,
  entity: Entities[K],
  change: { machine: MachineName; from: string | null; to: string; at: number; reason?: string; detail?: object },
): DomainEvent {
  const id = `${entity.id}:${entity.sequence}`;
  const { machine, from, to, at, reason } = change;
  const detail = {
    version: '1',
    id,
    entityType: kind,
    entity: entity.id,
    sequence: entity.sequence,
    from,
    to,
    ...(reason === undefined ? {} : { reason }),
    at: new Date(at).toISOString(),
    ...defined(REFERENCES[kind]?.(entity) ?? {}),
    ...change.detail,
  } satisfies StateChange;
  return { id, source: 'rehost', detailType: `${machine} State Change`, at, resources: [], detail };
}

/** States of runs and jobs that SMS itself announced, as it spelled them. Source: Amazon EventBridge events of AWS SMS. */
const ANNOUNCED_RUN_STATES: Readonly<Record<string, string>> = {
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  DELETED: 'Deleted',
};
const ANNOUNCED_JOB_STATES: Readonly<Record<string, string>> = { FAILED: 'Failed', DELETED: 'Deleted' };

/**
 * SMS's own `Server Migration Job State Change`, with the detail that it had (keys in kebab case, states in CamelCase, no `ami-id` where there is
 * none), so that old rules need only the new source.
 */
export function smsEvent<K extends Kind>(
  kind: K,
  entity: Entities[K],
  change: { to: string; at: number },
): DomainEvent[] {
  const announced =
    kind === 'ReplicationRun' ? ANNOUNCED_RUN_STATES : kind === 'ReplicationJob' ? ANNOUNCED_JOB_STATES : {};
  const state = announced[change.to];
  if (!state) return [];

  const run = kind === 'ReplicationRun' ? (entity as Entities['ReplicationRun']) : undefined;
  const jobId = run?.replicationJobId ?? entity.id;
  return [
    {
      id: `${entity.id}:${entity.sequence}:sms`,
      source: 'rehost.sms',
      detailType: 'Server Migration Job State Change',
      at: change.at,
      resources: run ? [jobId, `${jobId}/${run.id}`] : [jobId],
      detail: {
        state,
        'replication-run-id': run?.id ?? 'N/A',
        'replication-job-id': jobId,
        ...(run?.amiId && state === 'Completed' ? { 'ami-id': run.amiId } : {}),
        version: '1.0',
      },
    },
  ];
}

/** The event as EventBridge delivers it. */
export function toEventBridge(
  event: DomainEvent,
  { account, region }: { account: string; region: string },
): EventBridgeEvent {
  return {
    version: '0',
    id: event.id,
    'detail-type': event.detailType,
    source: event.source,
    account,
    time: new Date(event.at).toISOString(),
    region,
    resources: event.resources.map((resource) => `arn:aws:sms:${region}:${account}:${resource}`),
    detail: event.detail,
  };
}

const defined = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
