import type { ConnectorRequest } from '../../domain/entities.ts';
import { unchanged } from '../../domain/transition.ts';
import type { Connectors, DiscoveredApplication, DiscoveredServer } from '../../ports.ts';
import { TransientError } from '../../workflows/transient-error.ts';
import type { ConnectorServices, Speaker } from './services.ts';

/** Milliseconds that a connector may take for a page. A large inventory comes in pages, so that it shows signs of life. */
const PATIENCE = 120_000;
/** Milliseconds after which question and answer are forgotten. */
const KEPT = 15 * 60_000;
/** Milliseconds between two looks for a page that another process may have taken. */
const LOOK = 2_000;

const pageId = (requestId: string, page: number) => `${requestId}:${page}`;

/** Notes a page of an answer, once. With the last the question is answered, and nobody is asked again, whatever becomes of who asked. */
export async function importResult(
  answer: { requestId: string; page: number; items: readonly object[]; last: boolean; failure?: string },
  { connector, services }: Speaker,
): Promise<object> {
  const { store } = services;
  const { requestId, page, items, last, failure } = answer;
  const request = await store.get('ConnectorRequest', requestId);
  if (request?.connectorId !== connector.id) return {};
  const id = pageId(requestId, page);
  if (await store.get('ConnectorPage', id)) return {};
  const { expiresAt } = request;
  const about = { items, last, ...(failure === undefined ? {} : { failure }), expiresAt };
  await store.transact(
    [unchanged('ConnectorPage', { id, version: 0, sequence: 0, ...about })],
    last ? [{ kind: 'ConnectorRequest', entity: request }] : [],
  );
  services.bell.ring();
  return {};
}

type Ask = Pick<ConnectorServices, 'store' | 'clock' | 'newId' | 'bell'>;

/** The connectors, asked by messages. `removeJobSnapshots` deletes the snapshots of a job that belong to no image. */
export function askedConnectors(
  services: Ask,
  { removeJobSnapshots }: { removeJobSnapshots(jobId: string): Promise<void> },
): Connectors {
  return {
    inventory: (connectorId) => ask<DiscoveredServer>(connectorId, 'IMPORT_CATALOG', services),
    applications: (connectorId) => ask<DiscoveredApplication>(connectorId, 'IMPORT_APPLICATIONS', services),
    async forgetJob(jobId) {
      await tellToForget(jobId, services);
      const baseline = await services.store.get('Baseline', jobId);
      if (baseline) await services.store.transact([], [{ kind: 'Baseline', entity: baseline }]);
      await removeJobSnapshots(jobId);
    },
  };
}

async function* ask<Item>(connectorId: string, type: ConnectorRequest['type'], services: Ask): AsyncGenerator<Item> {
  const { store, clock, newId, bell } = services;
  const expiresAt = clock.now() + KEPT;
  const id = newId('question', 17);
  await store.transact([unchanged('ConnectorRequest', { id, version: 0, sequence: 0, connectorId, type, expiresAt })]);
  bell.ring();
  try {
    for (let page = 1; ; page++) {
      const { items, last, failure } = await pageOf({ id, connectorId, page }, services);
      if (failure !== undefined) throw new Error(`connector ${connectorId}: ${failure}`);
      yield* items as Item[];
      if (last) return;
    }
  } finally {
    await forget(id, services);
  }
}

async function pageOf({ id, connectorId, page }: { id: string; connectorId: string; page: number }, services: Ask) {
  const { store, clock, bell } = services;
  const end = clock.now() + PATIENCE;
  for (;;) {
    const rung = bell.wait(Math.min(LOOK, Math.max(1, end - clock.now())));
    const found = await store.get('ConnectorPage', pageId(id, page));
    if (found) return found;
    if (clock.now() >= end)
      throw new TransientError(
        `connector ${connectorId} does not answer; check that it runs, GetConnectors shows its state`,
      );
    await rung;
  }
}

/** Nobody asks any more; the pages expire. */
async function forget(id: string, { store }: Ask) {
  const request = await store.get('ConnectorRequest', id);
  if (request) await store.transact([], [{ kind: 'ConnectorRequest', entity: request }]);
}

/** Each connector is told until it says that it has forgotten the job. */
async function tellToForget(jobId: string, { store, bell }: Ask) {
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  const job = await store.get('ReplicationJob', jobId);
  for (const connector of items) {
    if (connector.status === 'DISASSOCIATED' || connector.jobsToForget?.includes(jobId)) continue;
    if (connector.vmManagerId !== job?.vmServer.vmServerAddress.vmManagerId) continue;
    await store.transact([
      unchanged('Connector', { ...connector, jobsToForget: [...(connector.jobsToForget ?? []), jobId] }),
    ]);
  }
  bell.ring();
}

/** The connector has forgotten the job. */
export async function forgetJobResult({ jobId }: { jobId: string }, { connector, services }: Speaker): Promise<object> {
  const left = (connector.jobsToForget ?? []).filter((one) => one !== jobId);
  const { jobsToForget: _, ...rest } = connector;
  await services.store.transact([
    unchanged('Connector', left.length > 0 ? { ...rest, jobsToForget: left } : { ...rest }),
  ]);
  return {};
}
