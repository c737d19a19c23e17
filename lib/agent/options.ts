import type { Clock } from '../clock.ts';
import type { Source } from '../connector/source.ts';
import type { BlockGrant, ConnectorService } from '../messages.ts';
import type { CopySettings } from '../replication/transfer-server.ts';
import type { Snapshots } from '../snapshots.ts';

/** Where blocks go and are read back; what else is done to snapshots is the service's. */
export type Blocks = Pick<Snapshots, 'put' | 'list' | 'changed' | 'read'> & { close?(): void };

/** Opens the way to the snapshots that the grant is for; `renew` asks for another before it ends. */
export type OpenBlocks = (grant: BlockGrant, renew: () => Promise<BlockGrant>) => Promise<Blocks>;

export interface AgentOptions {
  readonly connectorId: string;
  readonly service: ConnectorService;
  readonly source: Source;
  readonly openBlocks: OpenBlocks;
  /** Folder of baselines, journals and frozen points. One process works in it at a time. */
  readonly stateFolder: string;
  /** Copies at once. */
  readonly copySlots: number;
  /** How disks are copied. */
  readonly copy?: CopySettings;
  /** Milliseconds between two looks at a copy's progress. */
  readonly progressInterval: number;
  /**
   * Milliseconds that a copy waits for the service, or the store, without a block that is put; then its run fails, and the next may have more luck. 0 where
   * the workflow can be told at once.
   */
  readonly outagePatience: number;
  readonly clock: Clock;
  /** Gets a new key for the old one; absent where there are no keys. */
  readonly rotateKey?: () => Promise<void>;
  /** Called when there is room for another copy. */
  readonly onRoom?: () => void;
  log(entry: Readonly<Record<string, unknown>>): void;
}
