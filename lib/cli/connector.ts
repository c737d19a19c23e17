import { mkdirSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { Agent } from '../agent/agent.ts';
import { type About, ActivationError, type ConnectorIdentity, openIdentity } from '../agent/identity.ts';
import { remoteService } from '../agent/remote-service.ts';
import { serveAgent } from '../agent/serve.ts';
import type { CopyConfig } from '../config.ts';
import { openSource, SourceSpecError } from '../connector/open-source.ts';
import type { Source } from '../connector/source.ts';
import { lockFolder } from '../local/data-folder.ts';
import { capabilitiesOf } from '../local/embedded-connector.ts';
import { systemClock } from '../local/system-clock.ts';
import { LOCAL_LIMITS, REMOTE_LIMITS } from '../replication/concurrency.ts';
import { Pacer } from '../replication/pacer.ts';
import { VERSION } from '../version.ts';
import { type Command, UsageError } from './command.ts';
import { connectorBlocks } from './connector-blocks.ts';
import { COPY_OPTIONS, copyConfig } from './copy-options.ts';
import { log } from './service-options.ts';
import { SOURCE, SOURCE_NOTE } from './shared-options.ts';

/** Folder of baselines and journals, within the connector's. */
const JOBS = 'jobs';
/** Milliseconds between two looks at a copy's progress. */
const PROGRESS = 2_000;
/** Milliseconds that a copy waits for a service that is not there. */
const PATIENCE = 30 * 60_000;

export const connector: Command = {
  options: {
    source: { ...SOURCE, required: true },
    activate: {
      type: 'string',
      value: 'CODE',
      text: 'an activation code, which `rehost connectors code` prints where the service is; needed at the first start, and does no harm later',
    },
    endpoint: { type: 'string', value: 'URL', text: 'where the service is; needed with --activate' },
    data: {
      type: 'string',
      value: 'FOLDER',
      default: '.rehost-connector',
      text: 'who the connector is, and what copies go on from',
    },
    region: { type: 'string', value: 'REGION', default: 'us-east-1', text: 'the region of the service' },
    copies: { type: 'string', value: 'NUMBER', default: '4', text: 'servers that are copied at once, 1 to 100' },
    ...COPY_OPTIONS,
  },
  notes: [SOURCE_NOTE, 'docs/connectors.md tells how connectors work, and what each may do.'],
  examples: [
    {
      text: 'the first start, with a code of `rehost connectors code`',
      line: 'rehost connector --activate CODE --endpoint https://rehost.example.com --source images:/srv/disks',
    },
    { text: 'later starts', line: 'rehost connector --source images:/srv/disks' },
  ],
  async run({ values }) {
    const { activate, endpoint, source: spec, data, region } = values as Values;
    const folder = resolve(data);
    const source = await checkedSource(spec, join(folder, JOBS));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = lockFolder(folder);
    const identity = openIdentity(folder, systemClock);
    if (activate !== undefined) {
      if (!/^https?:\/\//.test(endpoint ?? ''))
        throw new UsageError('--endpoint URL: give the address of the service, as https://rehost.example.com');
      await identity.activate(activate, { endpoint: endpoint!.replace(/\/$/, ''), region }, aboutOf(source));
    }
    if (!identity.current())
      throw new ActivationError(
        `${folder} is of no connector yet; get a code with \`rehost connectors code\`, and give it with --activate`,
      );
    await work(source, { identity, folder, copySlots: copiesOf(values.copies), copy: copyConfig(values) });
    await source.close?.();
    lock.close();
    return 0;
  },
};

type Values = Partial<Record<'activate' | 'endpoint', string>> & Record<'source' | 'data' | 'region', string>;

interface Place {
  readonly identity: ConnectorIdentity;
  readonly folder: string;
  readonly copySlots: number;
  readonly copy: CopyConfig;
}

/** Works until the process is told to end, or the service no longer knows the connector. */
async function work(source: Source, { identity, folder, copySlots, copy }: Place) {
  const current = () => identity.current()!;
  const { connectorId, endpoint, region } = current();
  const { bandwidth, ...settings } = copy;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  let poll = new AbortController();
  const agent = new Agent({
    connectorId,
    service: remoteService({ endpoint, region, credentials: current }),
    source,
    openBlocks: connectorBlocks({ endpoint, region, credentials: current }),
    stateFolder: join(folder, JOBS),
    copySlots,
    copy: {
      ...settings,
      concurrency: isLoopback(endpoint) ? LOCAL_LIMITS : REMOTE_LIMITS,
      pacer: new Pacer(bandwidth, systemClock),
    },
    progressInterval: PROGRESS,
    outagePatience: PATIENCE,
    clock: systemClock,
    rotateKey: () => identity.rotateKey(),
    onRoom: () => poll.abort(),
    log,
  });
  console.log(
    `# connector ${connectorId} works for ${source.manager.name} (${source.manager.type}), service ${endpoint}`,
  );
  // A timer that keeps the process alive: the connector's own do not.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    await serveAgent(agent, {
      clock: systemClock,
      signal: stop.signal,
      nextPoll() {
        poll = new AbortController();
        return poll.signal;
      },
      before: async () => void (identity.wantsKey() && (await identity.rotateKey())),
      log,
    });
  } finally {
    clearInterval(alive);
  }
}

/** A store on the same machine. */
const isLoopback = (endpoint: string) => /^(localhost|127\..*|\[::1\])$/.test(new URL(endpoint).hostname);

async function checkedSource(spec: string, stateFolder: string): Promise<Source> {
  try {
    return await openSource(spec, { stateFolder });
  } catch (error) {
    if (error instanceof SourceSpecError) throw new UsageError(error.message);
    throw error;
  }
}

function copiesOf(value: unknown): number {
  const copies = Number(value);
  if (Number.isInteger(copies) && copies >= 1 && copies <= 100) return copies;
  throw new UsageError(`--copies ${value}: give a number from 1 to 100`);
}

/** What the connector says of itself when it registers; GetConnectors shows it. */
function aboutOf(source: Source): About {
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outer = addresses.find(({ family, internal }) => family === 'IPv4' && !internal) ?? addresses[0];
  return {
    version: VERSION,
    hostName: hostname(),
    ipAddress: outer?.address ?? '127.0.0.1',
    macAddress: outer?.mac ?? '00:00:00:00:00:00',
    manager: source.manager,
    capabilities: capabilitiesOf(source),
  };
}
