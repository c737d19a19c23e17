import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createDispatcher, type JsonApi } from '../api/dispatch.ts';
import type { Handle } from '../api/http.ts';
import { smsApi } from '../api/sms/api.ts';
import { throttle } from '../api/throttle.ts';
import type { Clock } from '../clock.ts';
import { type Config, DEFAULT_CONFIG } from '../config.ts';
import { openSource } from '../connector/open-source.ts';
import { advance, unchanged } from '../domain/transition.ts';
import { ApiError } from '../engine/api-error.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { hostedInvoke, httpInvoke } from '../engine/invoke.ts';
import type { Json } from '../json.ts';
import type { Connectors, Services } from '../ports.ts';
import { forgetJob } from '../replication/forget-job.ts';
import { type MigrationInput, smsClient } from '../workflows/app-migration/services.ts';
import { readDefinition, substituted, WORKFLOWS } from '../workflows/definitions.ts';
import { startWorkflow } from '../workflows/rules.ts';
import { MIGRATION_TASKS, TASKS } from '../workflows/tasks.ts';
import { firstAccessKey, lockFolder } from './data-folder.ts';
import { EmbeddedConnector } from './embedded-connector.ts';
import { engineWorkflows } from './engine-workflows.ts';
import { EventRelay } from './event-relay.ts';
import { eventsApi, eventsRoute } from './events-api.ts';
import { type FileSnapshots, openFileSnapshots } from './file-snapshots.ts';
import { folderObjects } from './folder-objects.ts';
import { serve } from './http-server.ts';
import { type LocalImage, localImages } from './local-images.ts';
import { type LocalStack, LocalStacks } from './local-stacks.ts';
import { openRows } from './rows.ts';
import { openEngineStore } from './sqlite-engine-store.ts';
import { SqliteStore } from './sqlite-store.ts';
import { systemClock } from './system-clock.ts';

export interface RehostOptions {
  /** Folder of everything that is kept. */
  readonly dataFolder: string;
  /** Sources as `images:FOLDER`, one connector each. */
  readonly sources: readonly string[];
  readonly port: number;
  readonly host?: string;
  /** Whether callers must sign. */
  readonly auth: 'sigv4' | 'none';
  readonly config?: Config;
  readonly clock?: Clock;
  log(entry: Readonly<Record<string, unknown>>): void;
}

/** A running service. */
export interface Rehost {
  readonly url: string;
  readonly accessKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly services: Services;
  /** Resolves once nothing happens but by time or by calls. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const VERSION = '0.1.0';

/** Starts the whole service in this process. What was under way when it last ended, by whatever end, goes on. */
export async function startRehost(options: RehostOptions): Promise<Rehost> {
  const { dataFolder, clock = systemClock, config = DEFAULT_CONFIG, log } = options;
  mkdirSync(dataFolder, { recursive: true });
  const lock = lockFolder(dataFolder);
  const file = (name: string) => join(dataFolder, name);
  const newId = (prefix: string, hexDigits: number) =>
    `${prefix}-${randomBytes(Math.ceil(hexDigits / 2))
      .toString('hex')
      .slice(0, hexDigits)}`;

  const store = new SqliteStore(file('rehost.db'));
  const engineStore = openEngineStore(file('engine.db'));
  const imageRows = openRows<LocalImage>(file('images.db'), 'image');
  const stackRows = openRows<LocalStack>(file('stacks.db'), 'stack');
  const snapshots = await openFileSnapshots(file('snapshots'), { clock });
  const accessKey = await firstAccessKey(store, clock);
  const images = localImages(imageRows, { snapshots, newId });
  const stacks = new LocalStacks(stackRows, { images, clock, newId });
  const connectors: EmbeddedConnector[] = [];
  const functions: Record<string, (input: Json) => Promise<Json>> = {};

  const elsewhere = process.env.AWS_ENDPOINT_URL_LAMBDA;
  const events = eventsApi(store, clock);
  const engine = createEngine({
    store: engineStore,
    clock,
    account: config.account,
    region: config.region,
    invoke: hostedInvoke(functions, elsewhere ? httpInvoke(elsewhere) : undefined),
    putEvents: async (entries) => (await events.call('PutEvents', { Entries: entries })) as Json,
    newId: randomUUID,
    random: Math.random,
    log: (entry) => log({ ...entry }),
  });
  const services: Services = {
    config,
    store,
    workflows: engineWorkflows(engine, config),
    objects: folderObjects(file('objects')),
    snapshots,
    images,
    stacks,
    connectors: localConnectors(connectors, {
      stateFolder: file('connector'),
      snapshots,
      inUse: () => imageRows.all(),
    }),
    tokenSecret: createHmac('sha256', accessKey.secretAccessKey).update('page tokens').digest('hex'),
    clock,
    newId,
    log,
  };

  const server = await serve(handler(options, { services, store, engine, events }), {
    host: options.host ?? '127.0.0.1',
    port: options.port,
  });
  hostTasks(functions, { services, url: server.url, accessKey });
  await loadStateMachines(engine, config);

  const relay = new EventRelay({ outbox: store, clock, account: config.account, region: config.region, log });
  relay.subscribe((event) => startWorkflow(event, services));
  for (const spec of options.sources) {
    const connector = new EmbeddedConnector({
      source: openSource(spec),
      stateFolder: file('connector'),
      version: VERSION,
      services,
    });
    await connector.start();
    relay.subscribe((event) => connector.onEvent(event));
    connectors.push(connector);
  }
  await noteAbsent(services, connectors);
  await engine.start();
  stacks.start();
  relay.wake();

  return {
    url: server.url,
    accessKey,
    services,
    async idle() {
      await new Promise((resolve) => setImmediate(resolve));
      for (let quiet = 0; quiet < 3; quiet++) {
        for (const part of [relay, engine, ...connectors]) await part.idle();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async stop() {
      // Who waits for whom: the relay for the engine's answers, the connectors too. The engine ends last.
      await relay.stop();
      for (const connector of connectors) await connector.stop();
      await engine.stop();
      stacks.stop();
      await server.close();
      await snapshots.close();
      for (const open of [store, engineStore, imageRows, stackRows, lock]) open.close();
    },
  };
}

/** Connectors of sources that this start does not have are unhealthy: nobody would take their transfers. */
async function noteAbsent({ store, clock }: Services, present: readonly EmbeddedConnector[]) {
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  for (const connector of items.filter(
    ({ id, status }) => status === 'HEALTHY' && present.every((one) => one.id !== id),
  )) {
    const reason = 'the service was started without its source';
    await store.transact([
      advance(unchanged('Connector', connector), ['Connector', 'UNHEALTHY'], { at: clock.now(), reason }),
    ]);
  }
}

function handler(
  { auth, clock = systemClock, config = DEFAULT_CONFIG, log }: RehostOptions,
  { services, store, engine, events }: { services: Services; store: SqliteStore; engine: Engine; events: JsonApi },
): Handle {
  const engineApi = {
    targetPrefix: 'AWSStepFunctions',
    signingName: 'states',
    jsonVersion: '1.0',
    call: engine.call,
  } as const;
  const secretOf = async (accessKeyId: string) => {
    const key = await store.get('AccessKey', accessKeyId);
    return key?.disabled ? undefined : key?.secretAccessKey;
  };
  const { requestsPerSecond: rate, requestBurst: burst } = config.limits;
  const checks =
    auth === 'sigv4'
      ? { verifier: { secretOf, now: () => clock.now() }, throttle: throttle({ rate, burst }, () => clock.now()) }
      : {};
  return createDispatcher({
    apis: [smsApi(services), engineApi, events],
    routes: [eventsRoute(store, config)],
    ...checks,
    newRequestId: randomUUID,
    log,
  });
}

/** Puts the workflows' functions where the engine finds them. */
function hostTasks(
  functions: Record<string, (input: Json) => Promise<Json>>,
  { services, url, accessKey }: { services: Services; url: string; accessKey: Rehost['accessKey'] },
) {
  const sms = smsClient({ endpoint: url, region: services.config.region, credentials: accessKey });
  const migration = { sms, store: services.store, clock: services.clock };
  for (const [name, run] of Object.entries(TASKS))
    functions[name] = (input) => run(input as never, services) as Promise<Json>;
  for (const [name, run] of Object.entries(MIGRATION_TASKS))
    functions[name] = (input) => run(input as unknown as MigrationInput, migration) as Promise<Json>;
}

/** Creates the state machines, or brings them to the definitions of this version; executions keep the one they began with. */
async function loadStateMachines(engine: Engine, { account, region }: Config) {
  const arnOf = (name: string) => `arn:aws:lambda:${region}:${account}:function:${name}`;
  const roleArn = `arn:aws:iam::${account}:role/rehost`;
  for (const workflow of WORKFLOWS) {
    const definition = substituted(readDefinition(workflow), arnOf);
    const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${workflow}`;
    try {
      await engine.call('CreateStateMachine', { name: workflow, definition, roleArn });
    } catch (error) {
      if (!(error instanceof ApiError) || error.type !== 'StateMachineAlreadyExists') throw error;
      await engine.call('UpdateStateMachine', { stateMachineArn, definition });
    }
  }
}

function localConnectors(
  connectors: readonly EmbeddedConnector[],
  { stateFolder, snapshots, inUse }: { stateFolder: string; snapshots: FileSnapshots; inUse: () => LocalImage[] },
): Connectors {
  return {
    async *inventory(connectorId) {
      const connector = connectors.find(({ id }) => id === connectorId);
      if (connector) yield* connector.source.inventory();
    },
    async forgetJob(replicationJobId) {
      await forgetJob(replicationJobId, stateFolder, snapshots);
      const used = new Set(inUse().flatMap(({ spec }) => spec.disks.map(({ snapshotId }) => snapshotId)));
      for (const id of snapshots.tagged('SMSJobId', replicationJobId)) if (!used.has(id)) await snapshots.remove(id);
    },
  };
}
