import { createHmac, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectorActions } from '../api/connectors/actions.ts';
import { askedConnectors } from '../api/connectors/questions.ts';
import { type BlockAccess, OWN_KEY } from '../api/connectors/services.ts';
import type { Clock } from '../clock.ts';
import { type Config, DEFAULT_CONFIG } from '../config.ts';
import { openSources } from '../connector/open-source.ts';
import type { EventBridgeEvent } from '../domain/events.ts';
import { HOUR } from '../domain/time.ts';
import { advance, unchanged } from '../domain/transition.ts';
import { createEngine } from '../engine/engine.ts';
import { hostedInvoke, httpInvoke } from '../engine/invoke.ts';
import type { Json } from '../json.ts';
import { newId } from '../new-id.ts';
import type { Services, Target } from '../ports.ts';
import { LOCAL_LIMITS, REMOTE_LIMITS } from '../replication/concurrency.ts';
import { Pacer } from '../replication/pacer.ts';
import type { CopySettings } from '../replication/transfer-server.ts';
import { VERSION } from '../version.ts';
import { startWorkflow } from '../workflows/rules.ts';
import { firstAccessKey, lockFolder } from './data-folder.ts';
import type { Faults } from './ebs/faults.ts';
import { EmbeddedConnector, isOfInterest } from './embedded-connector.ts';
import { engineWorkflows } from './engine-workflows.ts';
import { EventRelay, type RelayOptions } from './event-relay.ts';
import { eventsApi } from './events-api.ts';
import { type HostedFunctions, hostTasks, loadStateMachines } from './hosted-workflows.ts';
import { serve } from './http-server.ts';
import { LocalBell } from './local-bell.ts';
import { localTarget } from './local-target.ts';
import { requestHandler } from './request-handler.ts';
import { openEngineStore } from './sqlite-engine-store.ts';
import { SqliteStore } from './sqlite-store.ts';
import { systemClock } from './system-clock.ts';
import { watchConnectors } from './watch-connectors.ts';

export interface RehostOptions {
  /** Folder of everything that is kept. */
  readonly dataFolder: string;
  /** Sources as `images:FOLDER`, one connector each. */
  readonly sources: readonly string[];
  readonly port: number;
  readonly host?: string;
  /** Where snapshots, images, stacks and templates go; into the data folder unless told. It is closed with the service. */
  readonly target?: Target;
  /** Takes every published event, in batches and in order, beside what starts the workflows. */
  readonly publish?: (events: readonly EventBridgeEvent[]) => Promise<void>;
  /** Whether callers must sign. */
  readonly auth: 'sigv4' | 'none';
  readonly config?: Config;
  readonly clock?: Clock;
  /** Whether validation scripts run on this machine: whoever may call the service could run anything then. */
  readonly runScripts?: boolean;
  /** Ports to be had elsewhere than on this machine. */
  readonly ports?: (local: Services) => Partial<Services>;
  /** Gives connectors elsewhere what they need to put blocks into the target; their own key unless told, which this service's endpoint takes. */
  readonly blockAccess?: BlockAccess;
  /** Makes the EBS endpoint fail; for tests. */
  readonly ebsFaults?: Faults;
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

/** Starts the whole service in this process. What was under way when it last ended, by whatever end, goes on. */
export async function startRehost(options: RehostOptions): Promise<Rehost> {
  const { dataFolder, clock = systemClock, log } = options;
  let url: string | undefined;
  const config: Config = {
    ...(options.config ?? DEFAULT_CONFIG),
    // Known once the server listens.
    get endpoint() {
      return options.config?.endpoint ?? url;
    },
  };
  mkdirSync(dataFolder, { recursive: true });
  const lock = lockFolder(dataFolder);
  const file = (name: string) => join(dataFolder, name);
  // First: where one cannot be opened, nothing has been begun.
  const sources = await openSources(options.sources, { stateFolder: file('connector') }).catch((error) => {
    lock.close();
    throw error;
  });
  const store = new SqliteStore(file('rehost.db'));
  const engineStore = openEngineStore(file('engine.db'));
  const local = options.target
    ? undefined
    : await localTarget(dataFolder, { clock, newId, runScripts: options.runScripts ?? false });
  const target = options.target ?? local!;
  const accessKey = await firstAccessKey(store, clock);
  const connectors: EmbeddedConnector[] = [];
  const bell = new LocalBell(clock);
  const functions: HostedFunctions = {};

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
  const own: Services = {
    config,
    store,
    workflows: engineWorkflows(engine, config),
    objects: target.objects,
    snapshots: target.snapshots,
    images: target.images,
    stacks: target.stacks,
    commands: target.commands,
    connectors: askedConnectors({ store, clock, newId, bell }, target),
    tokenSecret: createHmac('sha256', accessKey.secretAccessKey).update('page tokens').digest('hex'),
    clock,
    newId,
    log,
  };
  const services: Services = { ...own, ...options.ports?.(own) };

  const actions = connectorActions({ ...services, bell, blockAccess: options.blockAccess ?? OWN_KEY });
  const { auth, ebsFaults } = options;
  const parts = {
    services,
    actions,
    bell,
    store,
    engine,
    events,
    ...(local ? { local } : {}),
    ...(ebsFaults ? { ebsFaults } : {}),
  };
  const server = await serve(requestHandler({ auth, ...parts }), {
    host: options.host ?? '127.0.0.1',
    port: options.port,
  });
  url = server.url;
  hostTasks(functions, { services, url, accessKey });
  await loadStateMachines(engine, config);

  const relay = new EventRelay({ outbox: store, clock, account: config.account, region: config.region, log });
  relay.subscribe((event) => startWorkflow(event, services));
  relay.subscribe(async (event) => {
    if (isOfInterest(event)) bell.ring();
  });
  const watch = watchConnectors({ store, clock, log }, bell);
  const relays = options.publish
    ? [relay, publisher(options.publish, { ...config, outbox: store, clock, log })]
    : [relay];
  // What this process hashed itself it need not hash again.
  const trusted = services.snapshots === local?.snapshots ? local?.snapshots.trusted : undefined;
  const { bandwidth, ...settings } = config.copy;
  const concurrency = options.target ? REMOTE_LIMITS : LOCAL_LIMITS;
  const copy: CopySettings = { ...settings, concurrency, pacer: new Pacer(bandwidth, clock) };
  for (const source of sources) {
    const connector = new EmbeddedConnector({
      source,
      stateFolder: file('connector'),
      version: VERSION,
      services: { ...services, snapshots: trusted ?? services.snapshots },
      copy,
      actions,
    });
    await connector.start();
    bell.listen(() => connector.look());
    connectors.push(connector);
  }
  await noteAbsent(services, connectors);
  await engine.start();
  const stopForgetting = forgetExpired(store, clock);
  target.start();
  watch.look();
  for (const one of relays) one.wake();

  return {
    url: server.url,
    accessKey,
    services,
    async idle() {
      await new Promise((resolve) => setImmediate(resolve));
      for (let quiet = 0; quiet < 3; quiet++) {
        for (const part of [...relays, engine, ...connectors]) await part.idle();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async stop() {
      // Who waits for whom: the relay for the engine's answers, the connectors too. The engine ends last.
      for (const one of relays) await one.stop();
      for (const connector of connectors) await connector.stop();
      for (const source of sources) await source.close?.();
      await engine.stop();
      stopForgetting();
      watch.stop();
      await server.close();
      await target.close();
      for (const open of [store, engineStore, lock]) open.close();
    },
  };
}

/** Milliseconds between two looks for memories whose time is over. */
const FORGETTING = 6 * HOUR;

/** Forgets such memories now and then; answers how to end that. */
function forgetExpired(store: SqliteStore, clock: Clock): () => void {
  let cancel = () => {};
  const look = () => {
    store.forgetExpired(clock.now());
    cancel = clock.setTimer(clock.now() + FORGETTING, look);
  };
  look();
  return () => cancel();
}

/** A relay of its own: a bus that takes nothing for a while holds up no workflow. */
function publisher(publish: NonNullable<RehostOptions['publish']>, options: RelayOptions): EventRelay {
  const relay = new EventRelay({ ...options, reader: 'bus' });
  relay.subscribeInBatches(publish);
  return relay;
}

/** Connectors of sources that this start does not have are unhealthy: nobody would take their transfers. */
async function noteAbsent({ store, clock }: Services, present: readonly EmbeddedConnector[]) {
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  for (const connector of items.filter(
    ({ id, status, accessKeyId }) => status === 'HEALTHY' && !accessKeyId && present.every((one) => one.id !== id),
  )) {
    const reason = 'the service was started without its source';
    await store.transact([
      advance(unchanged('Connector', connector), ['Connector', 'UNHEALTHY'], { at: clock.now(), reason }),
    ]);
  }
}
