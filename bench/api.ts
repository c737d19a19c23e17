import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignatureV4 } from '@smithy/signature-v4';
import { createDispatcher } from '../lib/api/dispatch.ts';
import { Sha256 } from '../lib/api/sha256.ts';
import { smsApi } from '../lib/api/sms/api.ts';
import { DEFAULT_CONFIG } from '../lib/config.ts';
import { newApp } from '../lib/domain/app.ts';
import { NO_CATALOG } from '../lib/domain/server-catalog.ts';
import { type Change, unchanged } from '../lib/domain/transition.ts';
import { serve } from '../lib/local/http-server.ts';
import { SqliteStore } from '../lib/local/sqlite-store.ts';
import { systemClock } from '../lib/local/system-clock.ts';
import type { Services } from '../lib/ports.ts';
import { type LoadResult, runLoad } from './load.ts';

interface Size {
  readonly servers: number;
  readonly apps: number;
}
const SMALL: Size = { servers: 100, apps: 10 };
const LARGE: Size = { servers: 10_000, apps: 1_000 };
/** Rounds of both sizes, after one to warm up; their medians are printed. */
const ROUNDS = 5;
/** Calls of a listing in a round. Of CreateReplicationJob, as many as the smaller catalog has servers. */
const CALLS = 2_000;

const KEY = { accessKeyId: 'AKIABENCH', secretAccessKey: randomBytes(20).toString('hex') };
const OPERATIONS = ['GetServers', 'ListApps', 'CreateReplicationJob'] as const;
type Operation = (typeof OPERATIONS)[number];

/**
 * Requests a second over HTTP, signed and verified, against a store on disk: what a call costs with a hundred servers and ten applications, and with a
 * hundred times as many. Pages are taken from anywhere in the listings.
 */
export async function bench(): Promise<void> {
  const results = new Map(OPERATIONS.map((operation) => [operation, { small: [], large: [] } as Results]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, size] of [
      ['small', SMALL],
      ['large', LARGE],
    ] as const) {
      const measured = await measure(size);
      if (round > 0) for (const operation of OPERATIONS) results.get(operation)![name].push(measured[operation]);
    }
  }
  console.log(`api: medians of ${ROUNDS} rounds; ${describe(SMALL)}, then ${describe(LARGE)}`);
  for (const [operation, result] of results) report(operation, result);
}

interface Results {
  small: LoadResult[];
  large: LoadResult[];
}

async function measure(size: Size): Promise<Record<Operation, LoadResult>> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-bench-'));
  const store = new SqliteStore(join(folder, 'rehost.db'));
  await fill(store, size);
  const handle = createDispatcher({
    apis: [smsApi(servicesOn(store))],
    verifier: { keyOf: async () => KEY, now: Date.now },
    newRequestId: () => randomBytes(16).toString('hex'),
    log: console.error,
  });
  const server = await serve(handle, { host: '127.0.0.1', port: 0 });
  try {
    const run = async (operation: Operation, inputs: readonly object[]) =>
      runLoad({ url: server.url, requests: await Promise.all(inputs.map((input) => signed(operation, input))) });
    const listing = async (operation: Operation) => {
      const pages = await pagesOf(server.url, operation);
      return run(
        operation,
        Array.from({ length: CALLS }, (_, call) => pages[(call * 7) % pages.length]!),
      );
    };
    return {
      GetServers: await listing('GetServers'),
      ListApps: await listing('ListApps'),
      CreateReplicationJob: await run('CreateReplicationJob', jobs(size)),
    };
  } finally {
    await server.close();
    store.close();
    rmSync(folder, { recursive: true });
  }
}

/** The inputs of a listing's pages. Pages of ten make sure that both sizes answer full ones. */
async function pagesOf(url: string, operation: Operation): Promise<object[]> {
  const inputs: object[] = [];
  for (let input: object | undefined = { maxResults: 10 }; input; ) {
    inputs.push(input);
    const { headers, body } = await signed(operation, input);
    const response = await fetch(url, { method: 'POST', headers, body });
    const { nextToken } = (await response.json()) as { nextToken?: string };
    input = nextToken ? { maxResults: 10, nextToken } : undefined;
  }
  return inputs;
}

/** A job for each of a hundred servers that stand anywhere in the catalog. */
const jobs = ({ servers }: Size) =>
  Array.from({ length: SMALL.servers }, (_, index) => ({
    serverId: serverId((index * servers) / SMALL.servers),
    seedReplicationTime: Math.floor(Date.now() / 1_000) + 3_600,
    frequency: 12,
  }));

async function signed(operation: Operation, input: object) {
  const body = JSON.stringify(input);
  const headers = {
    host: '127.0.0.1',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AWSServerMigrationService_V2016_10_24.${operation}`,
  };
  const request = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/', query: {}, headers, body };
  const signer = new SignatureV4({ credentials: KEY, region: 'us-east-1', service: 'sms', sha256: Sha256 });
  return { headers: (await signer.sign(request)).headers, body };
}

function servicesOn(store: SqliteStore): Services {
  const config = { ...DEFAULT_CONFIG, limits: { ...DEFAULT_CONFIG.limits, replicatingServers: LARGE.servers } };
  const newId = (prefix: string, digits: number) => `${prefix}-${randomBytes(16).toString('hex').slice(0, digits)}`;
  // The operations that are measured use nothing else.
  return { config, store, clock: systemClock, newId, tokenSecret: 'bench', log: console.error } as unknown as Services;
}

const serverId = (index: number) => `s-${index.toString(16).padStart(8, '0')}`;

async function fill(store: SqliteStore, { servers, apps }: Size) {
  const now = Date.now();
  const blank = { version: 0, sequence: 0 };
  const manager = { vmManagerName: 'vcenter', vmManagerType: 'VSPHERE' } as const;
  const connector = {
    ...blank,
    ...manager,
    id: 'c-0123456789abcdef0',
    status: 'HEALTHY',
    connectorVersion: '1.0',
    capabilityList: ['VSPHERE'],
    vmManagerId: 'manager',
    ipAddress: '127.0.0.1',
    macAddress: '00:00:00:00:00:00',
    associatedOn: now,
    lastSeenAt: now,
  } as const;
  const catalog = { ...NO_CATALOG, status: 'AVAILABLE', lastModifiedOn: now } as const;
  const changes: Change[] = [unchanged('Connector', connector), unchanged('ServerCatalog', catalog)];
  for (let index = 0; index < servers; index++) {
    const vmServerAddress = { vmManagerId: 'manager', vmId: `vm-${index}` };
    const vmServer = { ...manager, vmServerAddress, vmName: `server-${index}`, vmPath: `/dc/vm/server-${index}` };
    changes.push(
      unchanged('Server', { ...blank, id: serverId(index), serverType: 'VIRTUAL_MACHINE', vmServer, importNumber: 1 }),
    );
  }
  for (let index = 0; index < apps; index++) {
    const id = `app-${index.toString(16).padStart(17, '0')}`;
    changes.push(newApp({ id, name: `app ${index}`, tags: [], serverGroups: [], now: now + index }));
  }
  // A change may write several events; so many stay within a transaction's bound.
  for (let at = 0; at < changes.length; at += 10) await store.transact(changes.slice(at, at + 10));
}

const describe = ({ servers, apps }: Size) => `${servers} servers and ${apps} applications`;
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
const median = (numbers: readonly number[]) => sorted(numbers)[Math.floor(numbers.length / 2)]!;
const rate = ({ latencies, elapsed }: LoadResult) => (latencies.length / elapsed) * 1_000;

function report(operation: Operation, { small, large }: Results) {
  const line = (results: readonly LoadResult[]) => {
    const all = sorted(results.flatMap(({ latencies }) => latencies));
    const p99 = all[Math.floor(all.length * 0.99)]!;
    return `${median(results.map(rate)).toFixed(0)} requests/s, p99 ${p99.toFixed(1)} ms`;
  };
  const growth = median(large.map((result, round) => rate(small[round]!) / rate(result)));
  console.log(`  ${operation.padEnd(21)} ${line(small)} → ${line(large)}; cost per call × ${growth.toFixed(2)}`);
}

if (import.meta.main) await bench();
