import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetServersCommand, ListAppsCommand, SMSClient } from '@aws-sdk/client-sms';
import { newApp } from '../lib/domain/app.ts';
import type { Server } from '../lib/domain/entities.ts';
import { NO_CATALOG } from '../lib/domain/server-catalog.ts';
import { unchanged } from '../lib/domain/transition.ts';
import { startRehost } from '../lib/local/rehost.ts';
import type { Store } from '../lib/store.ts';

const CALLS = 400;
const AT_ONCE = 8;

/** Requests a second over HTTP with signatures, in a small and in a large account: the cost of a call does not grow with the number of rows. */
export async function bench(): Promise<void> {
  const small = await measure(100, 10);
  const large = await measure(10_000, 1_000);
  for (const name of Object.keys(small)) {
    const [few, many] = [small[name]!, large[name]!];
    console.log(
      `  ${name}: ${many.rate.toFixed(0)} requests/s, p99 ${many.p99.toFixed(1)} ms at 10,000 servers and 1,000 apps; ` +
        `${few.rate.toFixed(0)} requests/s, p99 ${few.p99.toFixed(1)} ms at 100 and 10; ratio ${(many.rate / few.rate).toFixed(2)}`,
    );
  }
}

interface Figures {
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

async function measure(servers: number, apps: number): Promise<Record<string, Figures>> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-bench-'));
  mkdirSync(join(folder, 'datacenter'));
  const options = {
    dataFolder: join(folder, 'data'),
    sources: [`images:${join(folder, 'datacenter')}`],
    port: 0,
    auth: 'sigv4',
    log: console.error,
  } as const;
  const rehost = await startRehost(options);
  await fill(rehost.services.store, { servers, apps });
  const sms = new SMSClient({ endpoint: rehost.url, region: 'us-east-1', credentials: rehost.accessKey });
  const figures = {
    GetServers: await load(() => sms.send(new GetServersCommand({ maxResults: 10 }))),
    ListApps: await load(() => sms.send(new ListAppsCommand({ maxResults: 10 }))),
  };
  sms.destroy();
  await rehost.stop();
  rmSync(folder, { recursive: true });
  return figures;
}

async function fill(store: Store, { servers, apps }: { servers: number; apps: number }) {
  await store.transact([unchanged('ServerCatalog', { ...NO_CATALOG, status: 'AVAILABLE' })]);
  const ids = (count: number) => Array.from({ length: count }, (_, index) => index.toString(16).padStart(17, '0'));
  const writes = [
    ...ids(servers).map((id) => store.transact([unchanged('Server', server(id))])),
    ...ids(apps).map((id) => store.transact([app(id)])),
  ];
  await Promise.all(writes);
}

const app = (id: string) => newApp({ id: `app-${id}`, name: `app ${id}`, tags: [], serverGroups: [], now: 0 });

const server = (id: string): Server => ({
  id: `s-${id.slice(-8)}`,
  version: 0,
  sequence: 0,
  serverType: 'VIRTUAL_MACHINE',
  importNumber: 1,
  vmServer: {
    vmServerAddress: { vmManagerId: 'manager', vmId: `vm-${id}` },
    vmName: `server ${id}`,
    vmManagerName: 'bench',
    vmManagerType: 'VSPHERE',
    vmPath: `/bench/vm/${id}`,
  },
});

/** CALLS calls, AT_ONCE at a time, after as many to warm up. */
async function load(call: () => Promise<unknown>): Promise<Figures> {
  const round = async () => {
    const times: number[] = [];
    const worker = async () => {
      while (times.length < CALLS) {
        const began = performance.now();
        await call();
        times.push(performance.now() - began);
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const sorted = times.sort((a, b) => a - b);
    return {
      rate: (times.length / (performance.now() - began)) * 1_000,
      p99: sorted[Math.floor(sorted.length * 0.99)]!,
    };
  };
  await round();
  return round();
}

if (process.argv[1] === import.meta.filename) await bench();
