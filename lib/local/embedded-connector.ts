import type { Source } from '../connector/source.ts';
import type { Connector, Transfer } from '../domain/entities.ts';
import type { EventBridgeEvent } from '../domain/events.ts';
import { progressed, type TransferProgress } from '../domain/run-progress.ts';
import { advance, created, unchanged } from '../domain/transition.ts';
import type { Json } from '../json.ts';
import type { Services } from '../ports.ts';
import { type CopySettings, transferServer } from '../replication/transfer-server.ts';
import { ConflictError } from '../store.ts';

/** Transfers at once; a copy keeps two cores busy, the second fills its pauses. */
const SLOTS = 2;
/** Milliseconds between two heartbeats of a task token; the state allows 180 s. */
const HEARTBEAT = 30_000;
/** Milliseconds between two notes of progress of a run. */
const PROGRESS = 500;

export interface ConnectorOptions {
  readonly source: Source;
  readonly stateFolder: string;
  readonly version: string;
  /** How disks are copied. */
  readonly copy?: CopySettings;
  readonly services: Pick<Services, 'store' | 'workflows' | 'snapshots' | 'clock' | 'newId' | 'log'>;
}

/**
 * A connector within the service's own process: it claims transfers of servers that its source has, copies their disks, and answers the workflow. What
 * it had claimed when it died it claims again. It lives and dies with the service, so it is healthy while it is there.
 */
export class EmbeddedConnector {
  readonly #options: ConnectorOptions;
  readonly #active = new Map<string, { readonly jobId: string; readonly controller: AbortController }>();
  readonly #work = new Set<Promise<void>>();
  #id = '';
  #stopped = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  get id() {
    return this.#id;
  }
  get source() {
    return this.#options.source;
  }

  async start() {
    this.#id = await this.#register();
    this.look();
  }

  /** Lets copies go where they are: the next start resumes them. */
  async stop() {
    this.#stopped = true;
    for (const { controller } of this.#active.values()) controller.abort();
    await Promise.allSettled(this.#work);
  }

  /** Ends the copies of a job, and resolves once none of them writes any more. */
  async endJob(replicationJobId: string) {
    const ofJob = () => [...this.#active.values()].filter(({ jobId }) => jobId === replicationJobId);
    for (const { controller } of ofJob()) controller.abort();
    while (ofJob().length > 0) await Promise.race(this.#work);
  }

  /** Takes note of transfers that are queued or cancelled. */
  async onEvent(event: EventBridgeEvent) {
    if (event['detail-type'] !== 'Transfer State Change') return;
    if (event.detail.to === 'QUEUED') this.look();
    if (event.detail.to === 'CANCELLED') this.#active.get(event.detail.entity as string)?.controller.abort();
  }

  /** Claims what there is to do, as far as slots are free. */
  look() {
    this.#track(this.#claim());
  }

  /** Resolves once nothing is being copied. */
  async idle() {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  #track(work: Promise<void>) {
    const tracked: Promise<void> = work
      .catch((error) =>
        this.#options.services.log({
          level: 'error',
          message: 'the connector failed',
          error: error instanceof Error ? error.stack : String(error),
        }),
      )
      .finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  async #register(): Promise<string> {
    const { source, version, services } = this.#options;
    const { store, clock, newId } = services;
    const at = clock.now();
    const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
    const known = items.find(({ vmManagerId }) => vmManagerId === source.manager.id);
    if (known) {
      const seen = { ...known, connectorVersion: version };
      const change =
        known.status === 'HEALTHY'
          ? unchanged('Connector', seen)
          : advance(unchanged('Connector', seen), ['Connector', 'HEALTHY'], { at });
      await store.transact([change]);
      return known.id;
    }
    const connector: Connector = {
      id: newId('c', 17),
      version: 0,
      sequence: 0,
      status: 'HEALTHY',
      connectorVersion: version,
      capabilityList: [source.manager.type],
      vmManagerId: source.manager.id,
      vmManagerName: source.manager.name,
      vmManagerType: source.manager.type,
      ipAddress: '127.0.0.1',
      macAddress: '00:00:00:00:00:00',
      associatedOn: at,
    };
    await store.transact([created('Connector', connector, { machines: ['Connector'], at })]);
    return connector.id;
  }

  async #claim() {
    const { store } = this.#options.services;
    for (const state of ['CLAIMED', 'QUEUED'] as const) {
      const { items } = await store.query('Transfer', { index: 'byState', partition: state });
      for (const transfer of items) {
        if (this.#stopped || this.#active.size >= SLOTS) return;
        if (this.#active.has(transfer.id) || !this.#isMine(transfer)) continue;
        const controller = new AbortController();
        this.#active.set(transfer.id, { jobId: transfer.replicationJobId, controller });
        this.#track(this.#copy(transfer, controller.signal).finally(() => this.#release(transfer.id)));
      }
    }
  }

  #isMine({ state, connectorId, vmServer }: Transfer): boolean {
    return (
      vmServer.vmServerAddress.vmManagerId === this.#options.source.manager.id &&
      (state === 'QUEUED' || connectorId === this.#id)
    );
  }

  #release(transferId: string) {
    this.#active.delete(transferId);
    if (!this.#stopped) this.look();
  }

  async #copy(queued: Transfer, signal: AbortSignal) {
    const { workflows, snapshots } = this.#options.services;
    const transfer = queued.state === 'QUEUED' ? await this.#take(queued) : queued;
    if (!transfer) return;
    const progress = this.#reporter(transfer);
    try {
      const result = await transferServer(
        {
          runId: transfer.replicationRunId,
          jobId: transfer.replicationJobId,
          attempt: transfer.attempt,
          vmId: transfer.vmServer.vmServerAddress.vmId,
          description: transfer.description,
          tags: { SMSJobId: transfer.replicationJobId },
          ...(transfer.kmsKeyId ? { kmsKeyArn: transfer.kmsKeyId } : {}),
        },
        {
          source: this.#options.source,
          snapshots,
          stateFolder: this.#options.stateFolder,
          clock: this.#options.services.clock,
          ...this.#options.copy,
          onProgress: progress.note,
          signal,
        },
      );
      await progress.end();
      // First the answer, then the note: a crash between the two repeats the answer, which nobody waits for then.
      await workflows.succeedTask(transfer.taskToken, result as unknown as Json);
      await this.#finish(transfer, 'DONE');
    } catch (error) {
      await progress.end();
      if (signal.aborted) return;
      const { name: errorName, message } = error as Error;
      const reason = `${errorName}: ${message}`;
      await workflows.failTask(transfer.taskToken, {
        error: errorName,
        cause: JSON.stringify({ errorType: errorName, errorMessage: message }),
      });
      await this.#finish(transfer, 'FAILED', reason);
    }
  }

  /** Claims a queued transfer; undefined when another was first. */
  async #take(transfer: Transfer): Promise<Transfer | undefined> {
    const { store, clock } = this.#options.services;
    const set = { connectorId: this.#id };
    try {
      await store.transact([
        advance(unchanged('Transfer', transfer), ['Transfer', 'CLAIMED'], { at: clock.now(), set }),
      ]);
      return await store.get('Transfer', transfer.id);
    } catch (error) {
      if (error instanceof ConflictError) return undefined;
      throw error;
    }
  }

  /** Notes the end of a transfer, unless the service has ended it or given it to a new attempt. */
  async #finish({ id, taskToken }: Transfer, to: 'DONE' | 'FAILED', reason?: string) {
    const { store, clock } = this.#options.services;
    for (;;) {
      const current = await store.get('Transfer', id);
      if (current?.state !== 'CLAIMED' || current.taskToken !== taskToken) return;
      try {
        return await store.transact([
          advance(unchanged('Transfer', current), ['Transfer', to], { at: clock.now(), ...(reason ? { reason } : {}) }),
        ]);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /** Writes a run's progress from time to time, and keeps its task token alive also when nothing moves. */
  #reporter({ replicationRunId, taskToken }: Transfer) {
    const { store, workflows, clock } = this.#options.services;
    let latest: TransferProgress | undefined;
    let cancel = () => {};
    let writing = Promise.resolve();
    let written: TransferProgress | undefined;
    const write = async () => {
      if (!latest || latest === written) return;
      written = latest;
      const run = await store.get('ReplicationRun', replicationRunId);
      const change = run && progressed(run, latest, clock.now());
      if (!change) return;
      // Progress is not a transition: whoever writes the run at the same time goes first.
      await store.transact([change]).catch((error) => {
        if (!(error instanceof ConflictError)) throw error;
      });
    };
    let beaten = clock.now();
    const tick = () => {
      writing = writing.then(write);
      if (clock.now() - beaten >= HEARTBEAT) {
        beaten = clock.now();
        writing = writing.then(async () => void (await workflows.heartbeat(taskToken)));
      }
      cancel = clock.setTimer(clock.now() + PROGRESS, tick);
    };
    tick();
    return {
      note: (progress: TransferProgress) => {
        latest = progress;
      },
      end: async () => {
        cancel();
        await writing.then(write);
      },
    };
  }
}
