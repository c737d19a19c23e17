import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMSClient } from '@aws-sdk/client-sms';
import { type Rehost, type RehostOptions, startRehost } from '../../lib/local/rehost.ts';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { expectGapless, expectValid } from './events.ts';

export { until } from './until.ts';

/** A service over a data centre of small disks, in a folder of its own, and a client of it. */
export interface Started {
  readonly rehost: Rehost;
  readonly sms: SMSClient;
  readonly folder: string;
  readonly source: string;
  /** Checks the events of the service, stops it, and deletes the folder unless told to keep it. */
  end(): Promise<void>;
}

/** Errors that the service logged; a test that expects none can look. */
export const logged: Readonly<Record<string, unknown>>[] = [];

export async function start(
  options: Partial<RehostOptions> & { servers?: readonly string[]; folder?: string } = {},
): Promise<Started> {
  const { servers = ['db1', 'web1', 'web2'], ...rest } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'rehost-'));
  const source = join(folder, 'datacenter');
  for (const server of servers) writeDisk(source, server);
  const rehost = await startRehost({
    dataFolder: join(folder, 'data'),
    sources: [`images:${source}`],
    port: 0,
    auth: 'sigv4',
    log: (entry) => logged.push(entry),
    ...rest,
  });
  return {
    rehost,
    sms: clientOf(rehost),
    folder,
    source,
    async end() {
      await expectGoodEvents(rehost);
      await rehost.stop();
      if (!options.folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Every event that any test makes the service write fits its schema, and each entity's are numbered without gaps. */
async function expectGoodEvents({ services }: Rehost) {
  const events = (await (services.store as SqliteStore).read(0, 100_000)).map(({ event }) => event);
  expectValid(events);
  if (events.length > 0) expectGapless(events);
}

export const clientOf = ({ url, accessKey }: Pick<Rehost, 'url' | 'accessKey'>, more: object = {}) =>
  new SMSClient({ endpoint: url, region: 'us-east-1', credentials: accessKey, maxAttempts: 1, ...more });

/** A disk of a few blocks, with data and zero areas; made once. */
export function writeDisk(source: string, server: string) {
  mkdirSync(join(source, server), { recursive: true });
  const bytes = Buffer.alloc(8 * BLOCK_SIZE);
  bytes.fill(`boot of ${server} `, 0, BLOCK_SIZE);
  bytes.fill(`data of ${server} `, 5 * BLOCK_SIZE, 6 * BLOCK_SIZE + 700);
  writeFileSync(join(source, server, 'disk.img'), bytes);
}
