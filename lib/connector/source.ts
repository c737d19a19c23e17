import type { VmManagerType } from '../domain/entities.ts';
import type { DiscoveredServer } from '../ports.ts';

/** Where servers come from: one kind per hypervisor. */
export interface Source {
  readonly manager: { readonly id: string; readonly name: string; readonly type: VmManagerType };
  /** All servers that the source has now. */
  inventory(): AsyncIterable<DiscoveredServer>;
  /** The server at one instant. Throws ServerNotFoundError, or by name what keeps it from being replicated. */
  freeze(vmId: string): Promise<Point>;
}

/** One server at one instant. */
export interface Point {
  /** The disks in device order, the boot disk first; at least one. */
  readonly disks: readonly Disk[];
  /** Throws DiskChangedError when the disks no longer are what they were at that instant. */
  verify(): Promise<void>;
  release(): Promise<void>;
}

export interface Disk {
  /** Names the disk among those of its server, from run to run. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Tells one state of the disk's bytes from another; a copy that was interrupted goes on only from the same. */
  readonly fingerprint: string;
  /** Fills `into` from the offset on; bytes beyond the end are zero. */
  read(offset: number, into: Buffer): Promise<void>;
}

export class ServerNotFoundError extends Error {
  override readonly name = 'ServerNotFoundError';
}
export class DiskChangedError extends Error {
  override readonly name = 'DiskChangedError';
}
export class UnsupportedDiskError extends Error {
  override readonly name = 'UnsupportedDiskError';
}
