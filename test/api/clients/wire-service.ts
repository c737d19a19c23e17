import { ServiceError } from '../../../lib/api/errors.ts';
import type { OperationName } from '../../../lib/api/sms/shapes.ts';
import { type HttpServer, serve } from '../../../lib/local/http-server.ts';
import { stubService } from '../stub-service.ts';
import { EXCHANGES } from './exchange.ts';

/** Items of the listing that the service pages through. */
export const PAGES: Readonly<Record<string, object>> = {
  first: { nextToken: 'second' },
  second: { nextToken: 'third' },
  third: {},
};
const LISTS: Partial<Record<OperationName, readonly [list: string, id: string]>> = {
  GetConnectors: ['connectorList', 'connectorId'],
  GetReplicationJobs: ['replicationJobList', 'replicationJobId'],
  GetReplicationRuns: ['replicationRunList', 'replicationRunId'],
  GetServers: ['serverList', 'serverId'],
  ListApps: ['apps', 'appId'],
};

export type Mode = 'exchange' | 'pages' | { readonly error: string; readonly status: number };

/** A served stub for clients: it answers every member, or pages of a listing, or an error. */
export async function wireService() {
  let mode: Mode = 'exchange';
  const run = async (operation: OperationName, input: unknown) => {
    if (typeof mode === 'object')
      throw new ServiceError(mode.error, `message of ${mode.error}`, { status: mode.status });
    if (mode === 'exchange') return EXCHANGES.find((exchange) => exchange.operation === operation)!.output as object;
    const { nextToken = 'first' } = input as { nextToken?: string };
    const [list, id] = LISTS[operation]!;
    return { [list]: [{ [id]: nextToken }], ...PAGES[nextToken] };
  };
  const { handle, calls } = stubService({ run, now: Date.now });
  const server: HttpServer = await serve(handle, { host: '127.0.0.1', port: 0 });
  return {
    url: server.url,
    calls,
    close: server.close,
    answer(next: Mode) {
      mode = next;
    },
  };
}

/** The operations with pages, and what they must be told. */
export const PAGINATED = (Object.keys(LISTS) as OperationName[]).map((operation) => ({
  operation,
  input: operation === 'GetReplicationRuns' ? { replicationJobId: 'sms-job-1' } : {},
}));
