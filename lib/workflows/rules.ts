import type { ReplicationRun } from '../domain/entities.ts';
import type { EventBridgeEvent, StateChange } from '../domain/events.ts';
import { DAY } from '../domain/time.ts';
import type { Json } from '../json.ts';
import type { Services, WorkflowName } from '../ports.ts';

/** What an event starts. */
export interface WorkflowStart {
  readonly workflow: WorkflowName;
  /** Stable: the same event names the same execution, so that a repeat starts nothing. */
  readonly name: string;
  readonly input: Json;
}

type Rule = (event: StateChange, services: Pick<Services, 'config'>) => WorkflowStart | undefined;

/**
 * Which state change starts which workflow, by detail-type. Nothing else starts workflows: the API writes a state with its event in one transaction, and
 * the event, delivered at least once, starts what follows. So no start is lost, and waiting (for a schedule, for 90 days) is an execution that waits.
 */
export const RULES: Readonly<Record<string, Rule>> = {
  'Server Catalog State Change': ({ to, importNumber }) =>
    to === 'IMPORTING'
      ? { workflow: 'catalog-import', name: `import-${importNumber}`, input: { importNumber: importNumber as number } }
      : undefined,

  'App Catalog State Change': ({ to, appImportNumber, roleName }) =>
    to === 'IMPORTING'
      ? {
          workflow: 'app-catalog-import',
          name: `app-import-${appImportNumber}`,
          input: { appImportNumber: appImportNumber as number, ...(roleName ? { roleName: roleName as string } : {}) },
        }
      : undefined,

  'Replication Run State Change': ({ entity, to, schedule, scheduledStartTime }) =>
    to === 'PENDING'
      ? {
          workflow: 'replication-run',
          name: executionNameOfRun({ id: entity, schedule: schedule as number }),
          input: { replicationRunId: entity, schedule: schedule as number, startAt: scheduledStartTime as string },
        }
      : undefined,

  'Replication Job State Change': (event, { config: { limits } }) => {
    const end = (cause: string, days: number): WorkflowStart => ({
      workflow: 'replication-job-end',
      name: `${event.entity}-${cause.toLowerCase()}-${event.sequence}`,
      input: {
        replicationJobId: event.entity,
        cause,
        endAt: new Date(Date.parse(event.at) + days * DAY).toISOString(),
      },
    });
    if (event.from === null) return end('EXPIRED', limits.jobDays);
    if (event.to === 'PAUSED_ON_FAILURE') return end('PAUSED', limits.pausedDays);
    return event.to === 'DELETING' ? end('DELETED', 0) : undefined;
  },

  'App Replication State Change': ({ entity, name, action, replicationNumber, description }) =>
    action
      ? {
          workflow: 'app-replication',
          name: executionName(name, `replication-${replicationNumber}`, entity),
          input: {
            appId: entity,
            action: action as string,
            ...(description ? { description: description as string } : {}),
          },
        }
      : undefined,

  'App Launch State Change': ({ entity, name, action, launchNumber }) =>
    action
      ? {
          workflow: 'app-launch',
          name: executionName(name, `launch-${launchNumber}`, entity),
          input: { appId: entity, action: action as string, launchNumber: launchNumber as number },
        }
      : undefined,

  'App State Change': ({ entity, name, to, deletionNumber }) =>
    to === 'DELETING'
      ? {
          workflow: 'app-deletion',
          name: executionName(name, `deletion-${deletionNumber}`, entity),
          input: { appId: entity },
        }
      : undefined,
};

/** Event that asks for a migration; its detail is the plan. Sent by callers, from any source of theirs. */
export const MIGRATION_REQUESTED = 'Migration Requested';

/** Starts what the event asks for; called for every event, at least once. */
export async function startWorkflow(
  event: EventBridgeEvent,
  { workflows, config }: Pick<Services, 'workflows' | 'config'>,
): Promise<void> {
  const start = startOf(event, { config });
  if (start) await workflows.start(start.workflow, start.name, start.input);
}

function startOf(event: EventBridgeEvent, services: Pick<Services, 'config'>): WorkflowStart | undefined {
  if (event['detail-type'] === MIGRATION_REQUESTED) {
    const { app } = event.detail as { app?: { name?: string } };
    return {
      workflow: 'app-migration',
      name: executionName(app?.name, 'migration', event.id),
      input: event.detail as Json,
    };
  }
  return event.source === 'rehost'
    ? RULES[event['detail-type']]?.(event.detail as unknown as StateChange, services)
    : undefined;
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
