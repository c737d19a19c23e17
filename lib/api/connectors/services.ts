import type { Connector, Transfer } from '../../domain/entities.ts';
import type { BlockGrant } from '../../messages.ts';
import type { Services } from '../../ports.ts';

/** Wakes those who wait for something that another call, or another process, writes. */
export interface Bell {
  /** Seconds that a long poll may last here. */
  readonly maxWaitSeconds: number;
  ring(): void;
  /** Resolves when the bell rings, perhaps before, and at the latest after so many milliseconds or when the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Gives a connector what it needs to put blocks into the snapshots of a transfer, and into no others. */
export interface BlockAccess {
  grant(transfer: Transfer, parents: readonly string[]): Promise<BlockGrant>;
}

/** Snapshots of this machine: the connector's own key is good for them while the transfer is its. */
export const OWN_KEY: BlockAccess = { grant: async () => ({}) };

export interface ConnectorServices extends Services {
  readonly bell: Bell;
  readonly blockAccess: BlockAccess;
}

/** A connector that speaks, known by its key. */
export interface Speaker {
  readonly connector: Connector;
  /** Absent where callers need not sign. */
  readonly accessKeyId?: string;
  readonly services: ConnectorServices;
}

const SECOND = 1_000;
/** Milliseconds that a connector's work stays its own without a word from it. */
export const LEASE = 120 * SECOND;
/** Milliseconds after that before another may have it: as long as a put may be under way. */
export const GRACE = 20 * SECOND;
/** Milliseconds of silence after which a connector is UNHEALTHY. */
export const SILENCE = 120 * SECOND;
/** Milliseconds between two notes that a connector is there, and between two heartbeats of a task token; the state allows 180 s. */
export const HEARTBEAT = 30 * SECOND;
