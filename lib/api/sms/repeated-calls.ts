import type { Invocation } from '../../domain/account.ts';
import type { Kind } from '../../domain/entities.ts';
import { MINUTE } from '../../domain/time.ts';
import { type Change, unchanged } from '../../domain/transition.ts';
import type { Services } from '../../ports.ts';
import type { Store } from '../../store.ts';
import type { Caller } from '../dispatch.ts';
import { invalidParameter } from '../errors.ts';
import { findApp } from './find.ts';
import { appOutput } from './outputs.ts';
import type { OperationName } from './shapes.ts';

/** What an operation makes, and what it answers once that is there. Those that are not named answer nothing. */
const SUBJECTS: Partial<
  Record<OperationName, { kind: Kind; answer(id: string, services: Services): Promise<object> }>
> = {
  CreateApp: { kind: 'App', answer: async (id, services) => appOutput(await findApp(id, services), services) },
  UpdateApp: { kind: 'App', answer: async (id, services) => appOutput(await findApp(id, services), services) },
  CreateReplicationJob: { kind: 'ReplicationJob', answer: async (id) => ({ replicationJobId: id }) },
  StartOnDemandReplicationRun: { kind: 'ReplicationRun', answer: async (id) => ({ replicationRunId: id }) },
};

const READS = /^(Get|List|Generate)/;
/** Characters of the longest key; SDKs send UUIDs. */
const LONGEST_KEY = 200;

/**
 * Runs a call that changes something once for all attempts that its client makes of it. SDKs try again after a 500 or a lost answer, and name all attempts
 * of a call by one `amz-sdk-invocation-id`. It is written in the call's own transaction, so that either both or neither are there; a further attempt
 * finds it, and answers what the first made. Clients that send no such header (`aws` version 2) are told by a refusal that the first went through.
 */
export async function once(
  { operation, caller, services }: { operation: OperationName; caller: Caller; services: Services },
  run: (services: Services) => Promise<object>,
): Promise<object> {
  const id = `${caller.accessKeyId ?? ''}:${caller.invocationId}`;
  if (!caller.invocationId || READS.test(operation) || id.length > LONGEST_KEY) return run(services);
  const { store, clock, config } = services;
  const known = await store.get('Invocation', id);
  if (known && known.expiresAt > clock.now()) return repeated(known, operation, services);

  const expiresAt = clock.now() + config.limits.retryMinutes * MINUTE;
  const blank = { id, version: known?.version ?? 0, sequence: 0, operation, expiresAt };
  return run({ ...services, store: remembering(store, blank) });
}

/** The same call again. Throws InvalidParameter when another call has the name. */
async function repeated({ operation: first, subjectId }: Invocation, operation: OperationName, services: Services) {
  if (first !== operation)
    throw invalidParameter(`amz-sdk-invocation-id: it names an earlier call of ${first}; each call needs its own`);
  return (await SUBJECTS[operation]?.answer(subjectId, services)) ?? {};
}

/** The store, which adds the memory of the call to what the call writes. */
function remembering(store: Store, blank: Omit<Invocation, 'subjectId'>): Store {
  const kind = SUBJECTS[blank.operation as OperationName]?.kind;
  const memory = (changes: readonly Change[]) =>
    unchanged('Invocation', { ...blank, subjectId: changes.find((change) => change.kind === kind)?.entity.id ?? '' });
  return {
    get: (...of) => store.get(...of),
    query: (...of) => store.query(...of),
    transact: (changes, removals) => store.transact([...changes, memory(changes)], removals),
  };
}
