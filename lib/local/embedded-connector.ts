import { Agent } from '../agent/agent.ts';
import { told } from '../agent/errors.ts';
import type { Blocks } from '../agent/options.ts';
import type { ConnectorActions } from '../api/connectors/actions.ts';
import { association } from '../api/connectors/register.ts';
import type { Source } from '../connector/source.ts';
import type { ConnectorCapability } from '../domain/entities.ts';
import type { EventBridgeEvent } from '../domain/events.ts';
import { type ConnectorService, DisassociatedError } from '../messages.ts';
import type { Services } from '../ports.ts';
import type { CopySettings } from '../replication/transfer-server.ts';
import type { Snapshots } from '../snapshots.ts';

/** Transfers at once; a copy keeps two cores busy, the second fills its pauses. */
const SLOTS = 2;
/** Milliseconds between two looks at a copy's progress. */
const PROGRESS = 500;
/** Milliseconds between two polls while something is copied: those that wait for room are kept alive by them. */
const POLL = 30_000;
/** Changes of these may make work for a connector. */
const OF_INTEREST = ['Connector', 'Transfer', 'Replication Run', 'Replication Job', 'App Replication'];
export const isOfInterest = ({ 'detail-type': type }: Pick<EventBridgeEvent, 'detail-type'>) =>
  OF_INTEREST.some((machine) => type === `${machine} State Change`);

export interface ConnectorOptions {
  readonly source: Source;
  readonly stateFolder: string;
  readonly version: string;
  /** How disks are copied. */
  readonly copy?: CopySettings;
  readonly services: Pick<Services, 'store' | 'snapshots' | 'clock' | 'newId' | 'log'>;
  readonly actions: ConnectorActions;
}

export const capabilitiesOf = ({ manager, capabilities }: Source): ConnectorCapability[] => [
  manager.type,
  ...(capabilities.batch ? ['SNAPSHOT_BATCHING' as const] : []),
];

/**
 * A connector within the service's own process: the same agent as in a process of its own, but that it speaks to the service by calls, puts blocks straight
 * into the store, and is told by events when to ask. It lives and dies with the service, so it is healthy while it is there.
 */
export class EmbeddedConnector {
  readonly #options: ConnectorOptions;
  #agent: Agent | undefined;
  #id = '';
  #polling: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #cancelTimer = () => {};

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  get id() {
    return this.#id;
  }

  async start() {
    this.#id = await this.#register();
    const { source, stateFolder, services, actions, copy } = this.#options;
    this.#agent = new Agent({
      connectorId: this.#id,
      service: serviceOf(actions),
      source,
      openBlocks: async () => blocksOf(services.snapshots),
      stateFolder,
      copySlots: SLOTS,
      ...(copy ? { copy } : {}),
      progressInterval: PROGRESS,
      outagePatience: 0,
      clock: services.clock,
      log: services.log,
    });
    this.look();
  }

  /** Lets copies go where they are: the next start resumes them. */
  async stop() {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#polling;
    await this.#agent?.stop();
  }

  /** Asks the service what there is to do. */
  look() {
    if (this.#stopped || !this.#agent) return;
    this.#again = true;
    this.#polling ??= this.#poll(this.#agent).finally(() => {
      this.#polling = undefined;
      if (this.#again) this.look();
    });
  }

  /** Resolves once nothing is being done. */
  async idle() {
    for (;;) {
      await this.#agent?.idle();
      if (!this.#polling) return;
      await this.#polling;
    }
  }

  async #poll(agent: Agent) {
    this.#again = false;
    this.#cancelTimer();
    const { clock, log } = this.#options.services;
    try {
      const { againAfter = agent.busy ? POLL : undefined } = await agent.poll(0);
      if (againAfter !== undefined && !this.#stopped)
        this.#cancelTimer = clock.setTimer(clock.now() + againAfter, () => this.look());
    } catch (error) {
      if (error instanceof DisassociatedError) return void agent.stop();
      log({ level: 'error', message: 'a connector could not ask for work', error: (error as Error).stack });
      this.#cancelTimer = clock.setTimer(clock.now() + POLL, () => this.look());
    }
  }

  async #register(): Promise<string> {
    const { source, version, services } = this.#options;
    const { manager } = source;
    const { items } = await services.store.query('Connector', { index: 'all', partition: 'all' });
    const known = items.find(({ vmManagerId, accessKeyId }) => vmManagerId === manager.id && !accessKeyId);
    const about = {
      version,
      manager,
      capabilities: capabilitiesOf(source),
      ipAddress: '127.0.0.1',
      macAddress: '00:00:00:00:00:00',
      ...(known ? { formerConnectorId: known.id } : {}),
    };
    const { change } = await association(about, services);
    await services.store.transact([change]);
    return change.entity.id;
  }
}

/** The store's blocks; the store itself is not the agent's to close. */
const blocksOf = (snapshots: Snapshots): Blocks => ({
  put: (...block) => snapshots.put(...block),
  list: (id) => snapshots.list(id),
  changed: (first, second) => snapshots.changed(first, second),
  read: (...block) => snapshots.read(...block),
});

function serviceOf({ direct }: ConnectorActions): ConnectorService {
  const meaning = (error: unknown): never => {
    throw told(error);
  };
  return {
    getMessages: (request, signal) => direct.getMessages(request, signal).catch(meaning),
    sendMessage: (message) => direct.sendMessage(message).catch(meaning),
  };
}
