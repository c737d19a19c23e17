import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListStateMachinesCommand,
  paginateListExecutions,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { ImportServerCatalogCommand, SMSClient } from '@aws-sdk/client-sms';
import { DEFAULT_CONFIG, DEFAULT_LIMITS } from '../../lib/config.ts';
import { localTarget } from '../../lib/local/local-target.ts';
import { type Rehost, startRehost } from '../../lib/local/rehost.ts';
import { newId } from '../../lib/new-id.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { VirtualClock } from '../../test/simulators/virtual-clock.ts';
import { metered, type Usage, usage } from './meter.ts';

/** What a migration of so many servers used. */
export interface Recording extends Usage {
  readonly servers: number;
  readonly apps: number;
  transitions: number;
  taskInvocations: number;
}

const DAY = 86_400_000;
/** Blocks of each server's disk that are not zero. */
export const BLOCKS = 2;
/** Machines whose executions wait for months after the migration. */
const LONG_RUNNING = ['replication-job-end', 'catalog-import'];

/**
 * Migrates so many servers on one machine, in applications of at most 50, one after another, on a clock that is moved by hand; and goes on until the last
 * execution has ended, 90 days later. What is counted is what the same migration would use on AWS.
 */
export async function record(servers: number, perApp = DEFAULT_LIMITS.serversPerApp): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-cost-'));
  const before = { ...usage };
  const names = Array.from({ length: servers }, (_, index) => `server${String(index).padStart(4, '0')}`);
  for (const name of names) writeDisk(join(folder, 'datacenter', name));
  const clock = new VirtualClock();
  const rehost = await start(folder, clock);
  const counts = { transitions: 0, taskInvocations: 0 };
  try {
    await importCatalog(rehost, clock);
    let apps = 0;
    for (; apps * perApp < servers; apps++)
      await migrate({ name: `app${apps}`, servers: names.slice(apps * perApp, (apps + 1) * perApp) }, rehost, clock);
    await count(counts, rehost, (machine) => !LONG_RUNNING.includes(machine));
    await clock.advance(91 * DAY, () => rehost.idle());
    await count(counts, rehost, (machine) => LONG_RUNNING.includes(machine));
    const used = Object.entries(usage).map(([name, value]) => [name, value - before[name as keyof Usage]]);
    return { servers, apps, ...counts, ...(Object.fromEntries(used) as Usage) };
  } finally {
    await rehost.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A sparse disk of 2 GiB at most; all servers have the same blocks, so that the recording itself needs little room. */
function writeDisk(folder: string) {
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, 'disk.img'), 'w');
  ftruncateSync(file, 16 * BLOCK_SIZE);
  for (let block = 0; block < BLOCKS; block++) writeSync(file, 'data', 3 * block * BLOCK_SIZE);
  closeSync(file);
}

async function start(folder: string, clock: VirtualClock): Promise<Rehost> {
  const data = join(folder, 'data');
  mkdirSync(data);
  const limits = { ...DEFAULT_LIMITS, replicatingServers: 10_000, replicatingApps: 1_000 };
  return startRehost({
    dataFolder: data,
    sources: [`images:${join(folder, 'datacenter')}`],
    target: metered(await localTarget(data, { clock, newId, runScripts: false })),
    port: 0,
    auth: 'none',
    config: { ...DEFAULT_CONFIG, limits },
    clock,
    log: ({ level, ...entry }) => level === 'error' && console.error(entry),
  });
}

const clientConfig = ({ url, accessKey }: Rehost) => ({ endpoint: url, region: 'us-east-1', credentials: accessKey });

async function importCatalog(rehost: Rehost, clock: VirtualClock) {
  await new SMSClient(clientConfig(rehost)).send(new ImportServerCatalogCommand({}));
  await clock.advance(1_000, () => rehost.idle());
}

async function migrate({ name, servers }: { name: string; servers: string[] }, rehost: Rehost, clock: VirtualClock) {
  const { workflows, store } = rehost.services;
  const first = Math.ceil(servers.length / 5);
  const group = (groupName: string, launchOrder: number, members: string[]) => ({
    name: groupName,
    launchOrder,
    servers: members.map((member) => ({ name: member })),
  });
  const plan = {
    app: { name },
    serverGroups: [group('database', 1, servers.slice(0, first)), group('web', 2, servers.slice(first))],
    replication: { runOnce: true },
    launch: { instanceType: 't3.medium' },
  };
  await workflows.start('app-migration', name, { input: plan });
  for (;;) {
    await clock.advance(1_000, () => rehost.idle());
    const migration = await store.get('Migration', name);
    if (migration?.state === 'MIGRATED') return;
    if (migration?.state === 'FAILED') throw new Error(`the migration of ${name} failed: ${migration.statusMessage}`);
  }
}

/** Adds up what stands in the histories: every state that was entered, every function that was invoked. */
async function count(
  counts: { transitions: number; taskInvocations: number },
  rehost: Rehost,
  wanted: (machine: string) => boolean,
) {
  const client = new SFNClient(clientConfig(rehost));
  const { stateMachines = [] } = await client.send(new ListStateMachinesCommand({}));
  for (const { name, stateMachineArn } of stateMachines.filter((machine) => wanted(machine.name!))) {
    for await (const { executions = [] } of paginateListExecutions({ client }, { stateMachineArn })) {
      for (const { executionArn, status } of executions) {
        if (status === 'RUNNING') throw new Error(`execution ${executionArn} of ${name} has not ended`);
        for (const { type } of await historyOf(executionArn!, client)) {
          // A retry is a transition as well. Source: Step Functions pricing.
          if (type?.endsWith('StateEntered')) counts.transitions++;
          if (type === 'LambdaFunctionScheduled' || type === 'TaskScheduled') counts.taskInvocations++;
        }
      }
    }
  }
}

async function historyOf(executionArn: string, client: SFNClient): Promise<HistoryEvent[]> {
  const found: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000, nextToken }));
    found.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}
