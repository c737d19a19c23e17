import type { ReplicationRun } from '../domain/entities.ts';
import { type EventPattern, matches } from '../domain/event-pattern.ts';
import type { EventBridgeEvent, StateChange } from '../domain/events.ts';
import { DAY } from '../domain/time.ts';
import type { Json } from '../json.ts';
import type { Services, WorkflowName } from '../ports.ts';
import { newTraceId } from './trace-id.ts';

/** What an event starts. */
export interface WorkflowStart {
  readonly workflow: WorkflowName;
  /** Stable: the same event names the same execution, so that a repeat starts nothing. */
  readonly name: string;
  readonly input: Json;
  /** When its work begins, ISO 8601; at once where this is not given. */
  readonly begins?: string;
}

/** What a state change starts. */
interface Rule {
  /** Which details of the event: the rules on EventBridge's bus are made of the same patterns. */
  readonly when: EventPattern;
  start(event: StateChange, services: Pick<Services, 'config'>): WorkflowStart;
}

/**
 * Which state change starts which workflow, by detail-type. Nothing else starts workflows: the API writes a state with its event in one transaction, and
 * the event, delivered at least once, starts what follows. So no start is lost, and waiting (for a schedule, for 90 days) is an execution that waits.
 */
export const RULES: Readonly<Record<string, Rule>> = {
  'Server Catalog State Change': {
    when: { to: ['IMPORTING'] },
    start: ({ importNumber }) => ({
      workflow: 'catalog-import',
      name: `import-${importNumber}`,
      input: { importNumber: importNumber as number },
    }),
  },

  'App Catalog State Change': {
    when: { to: ['IMPORTING'] },
    start: ({ appImportNumber, roleName }) => ({
      workflow: 'app-catalog-import',
      name: `app-import-${appImportNumber}`,
      input: { appImportNumber: appImportNumber as number, ...(roleName ? { roleName: roleName as string } : {}) },
    }),
  },

  'Replication Run State Change': {
    when: { to: ['PENDING'] },
    start: ({ entity, schedule, scheduledStartTime }) => ({
      workflow: 'replication-run',
      name: executionNameOfRun({ id: entity, schedule: schedule as number }),
      input: { replicationRunId: entity, schedule: schedule as number, startAt: scheduledStartTime as string },
      begins: scheduledStartTime as string,
    }),
  },

  'Replication Job State Change': {
    when: { $or: [{ from: [null] }, { to: ['PAUSED_ON_FAILURE', 'DELETING'] }] },
    start: ({ entity, sequence, from, to, at }, { config: { limits } }) => {
      const [cause, days] =
        from === null
          ? ['EXPIRED', limits.jobDays]
          : to === 'DELETING'
            ? ['DELETED', 0]
            : ['PAUSED', limits.pausedDays];
      const endAt = new Date(Date.parse(at) + days * DAY).toISOString();
      return {
        workflow: 'replication-job-end',
        name: `${entity}-${cause.toLowerCase()}-${sequence}`,
        input: { replicationJobId: entity, cause, endAt },
        begins: endAt,
      };
    },
  },

  'App Replication State Change': {
    when: { action: [{ exists: true }] },
    start: ({ entity, name, action, replicationNumber, description }) => ({
      workflow: 'app-replication',
      name: executionName(name, `replication-${replicationNumber}`, entity),
      input: {
        appId: entity,
        action: action as string,
        ...(description ? { description: description as string } : {}),
      },
    }),
  },

  'App Launch State Change': {
    when: { action: [{ exists: true }] },
    start: ({ entity, name, action, launchNumber }) => ({
      workflow: 'app-launch',
      name: executionName(name, `launch-${launchNumber}`, entity),
      input: { appId: entity, action: action as string, launchNumber: launchNumber as number },
    }),
  },

  'App State Change': {
    when: { to: ['DELETING'] },
    start: ({ entity, name, deletionNumber }) => ({
      workflow: 'app-deletion',
      name: executionName(name, `deletion-${deletionNumber}`, entity),
      input: { appId: entity },
    }),
  },
};

/** Event that asks for a migration; its detail is the plan. Sent by callers, from any source of theirs. */
export const MIGRATION_REQUESTED = 'Migration Requested';

/** Starts what the event asks for; called for every event, at least once. */
export async function startWorkflow(
  event: EventBridgeEvent,
  { workflows, config }: Pick<Services, 'workflows' | 'config'>,
): Promise<void> {
  const start = startOf(event, { config });
  if (!start) return;
  const { workflow, name, input } = start;
  const traceId = traceIdOf(start, event);
  await workflows.start(workflow, name, { input, ...(traceId ? { traceId } : {}) });
}

/** Milliseconds within which a time is now. */
const NOW = 60_000;

/**
 * What an event starts goes on in its trace. A migration is a trace of its own, and so is what only waits for a later time: X-Ray takes nothing into a trace
 * after a week. Both are worked out from the event, so that a repeat of it means the same trace.
 */
function traceIdOf({ name, begins }: WorkflowStart, event: EventBridgeEvent): string | undefined {
  const at = Date.parse(event.time);
  const isLater = begins !== undefined && Date.parse(begins) > at + NOW;
  if (isLater || event['detail-type'] === MIGRATION_REQUESTED) return newTraceId(name, at);
  return (event.detail as { traceId?: string }).traceId;
}

/** What the event starts, if anything. */
export function startOf(event: EventBridgeEvent, services: Pick<Services, 'config'>): WorkflowStart | undefined {
  if (event['detail-type'] === MIGRATION_REQUESTED) {
    const { app } = event.detail as { app?: { name?: string } };
    return {
      workflow: 'app-migration',
      name: executionName(app?.name, 'migration', event.id),
      input: event.detail as Json,
    };
  }
  const rule = ruleOf({ source: event.source, detailType: event['detail-type'], detail: event.detail });
  return rule?.start(event.detail as unknown as StateChange, services);
}

/** The rule that the event is one of. */
export function ruleOf({ source, detailType, detail }: { source: string; detailType: string; detail: unknown }) {
  const rule = source === 'rehost' ? RULES[detailType] : undefined;
  return rule && matches(rule.when, detail) ? rule : undefined;
}

export const executionNameOfRun = ({ id, schedule }: Pick<ReplicationRun, 'id' | 'schedule'>) => `${id}-${schedule}`;

/** Characters that the name of an execution may have. Source: Step Functions, StartExecution. */
const MAX_NAME = 80;

/** A name that a person can read in a list of executions, and that is one execution's alone. */
export function executionName(appName: unknown, what: string, id: string): string {
  const tail = `-${what}-${id}`.replaceAll(/[^\w.-]/g, '-');
  return `${String(appName ?? 'app')
    .replaceAll(/[^\w.-]/g, '-')
    .slice(0, Math.max(1, MAX_NAME - tail.length))}${tail}`.slice(0, MAX_NAME);
}
