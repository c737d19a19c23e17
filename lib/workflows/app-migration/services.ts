import { type AppSummary, SMSClient, type SMSClientConfig, SMSServiceException } from '@aws-sdk/client-sms';
import type { Clock } from '../../clock.ts';
import type { Migration } from '../../domain/entities.ts';
import type { Store } from '../../store.ts';
import { TransientError } from '../transient-error.ts';
import type { MigrationPlan } from './plan.ts';

/** What the tasks of `app-migration` need: the service, which they reach as any client does, and a place to note their steps. */
export interface MigrationServices {
  readonly sms: SMSClient;
  readonly store: Store;
  readonly clock: Clock;
}

/** What each task is given: the migration's name, when it began, its plan, and what the tasks before it answered. */
export interface MigrationInput {
  readonly migration: string;
  readonly startedAt: string;
  readonly plan: MigrationPlan;
  readonly state: {
    readonly app?: { readonly appId: string };
    readonly replication?: Progress;
    readonly launch?: Progress;
    readonly validation?: Progress;
  };
}

/** How far a phase is, and when to ask again. */
export interface Progress {
  readonly status: 'IN_PROGRESS' | 'REPLICATED' | 'LAUNCHED' | 'SUCCEEDED' | 'FAILED';
  readonly message: string;
  readonly waitSeconds: number;
  readonly polls: number;
}

export type MigrationTask<Output> = (input: MigrationInput, services: MigrationServices) => Promise<Output>;

/** A client whose passing failures are TransientErrors, which the state machine retries. */
export function smsClient(config: SMSClientConfig): SMSClient {
  const client = new SMSClient(config);
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw isPassing(error) ? Object.assign(new TransientError((error as Error).message), { cause: error }) : error;
      }
    },
    { step: 'initialize', name: 'passingFailures' },
  );
  return client;
}

/** Server faults, throttling, and requests that got no answer. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof SMSServiceException))
    return error instanceof Error && ('code' in error || error.name === 'TimeoutError');
  return (
    error.$fault === 'server' || error.name === 'ThrottlingException' || (error.$metadata.httpStatusCode ?? 0) >= 500
  );
}

/** Whether the application was replicated since the migration began, or the first of those that it goes on with: then it need not be again. */
export async function isReplicatedSinceBegin(
  input: MigrationInput,
  { latestReplicationTime }: AppSummary = {},
  store: Store,
): Promise<boolean> {
  return latestReplicationTime !== undefined && latestReplicationTime.getTime() >= (await firstBegin(input, store));
}

async function firstBegin({ startedAt, plan }: MigrationInput, store: Store): Promise<number> {
  let first = Date.parse(startedAt);
  for (let id = plan.resume; id !== undefined; ) {
    const former: Migration | undefined = await store.get('Migration', id);
    first = Math.min(first, former?.startedAt ?? first);
    id = former?.resumes;
  }
  return first;
}

export const appIdOf = ({ state }: MigrationInput): string => state.app!.appId;

/** The first poll after a second, later ones after longer: a tenth of the time that it took so far, a minute at most. */
export function nextWait(previous: Progress | undefined): Pick<Progress, 'waitSeconds' | 'polls'> {
  const polls = (previous?.polls ?? 0) + 1;
  return { polls, waitSeconds: Math.min(60, Math.max(1, Math.round(1.1 ** polls - 1))) };
}
