import type { VmManagerType } from '../domain/entities.ts';
import type { BootMode } from '../domain/partition-table.ts';
import type { DiscoveredApplication, DiscoveredServer } from '../ports.ts';

/** A server's id at its source: what SMS calls `vmId`. */
export type VmId = string;

/** Where servers come from: one kind per hypervisor, and folders of disk images. */
export interface Source {
  /** Who manages the servers, in SMS's words. The id is a UUID that stays the same. */
  readonly manager: { readonly id: string; readonly name: string; readonly type: VmManagerType };
  readonly capabilities: SourceCapabilities;
  /** All servers that the source has now, page by page where there are many. */
  inventory(): AsyncIterable<DiscoveredServer>;
  /** All applications that the source knows; absent where it keeps no such thing. */
  applications?(): AsyncIterable<DiscoveredApplication>;
  /** What keeps the server from being replicated; empty when nothing does. Throws ServerNotFoundError. */
  check(server: VmId): Promise<Problem[]>;
  /** Takes all servers at one instant, or as near as the source can: a point for each, in the order asked. All or none. */
  freeze(servers: readonly VmId[], options: FreezeOptions): Promise<Point[]>;
  /** A point that an earlier process froze; undefined when its bytes can no longer be had. */
  reopen(ref: PointRef): Promise<Point | undefined>;
  /** Gives up the points that this connector froze, and that neither this process has nor `kept` names. Answers how many. Absent where points leave nothing. */
  sweep?(kept: readonly PointRef[]): Promise<number>;
  /** Ends sessions and connections. */
  close?(): Promise<void>;
}

export interface SourceCapabilities {
  /** Tells which blocks changed since an earlier point. */
  readonly changeTracking: boolean;
  /** Freezes several servers together. */
  readonly batch: boolean;
  /** Asks the guest to bring its file systems into order first. */
  readonly quiesce: boolean;
  /** Freezes servers that run. */
  readonly live: boolean;
}

export interface FreezeOptions {
  readonly quiesce: 'no' | 'try' | 'must';
  /** Names the point at the source, so that a person there sees whose it is. */
  readonly name: string;
}

/** Something that keeps a server from being replicated. */
export interface Problem {
  /** One word, such as `UnsupportedDisk`. */
  readonly code: string;
  /** What, which, and what to do next. */
  readonly message: string;
}

/** Names a point to `reopen`, in another process too: plain JSON, made by the source and read by it alone. */
export type PointRef = string;

/** One server at one instant. */
export interface Point {
  readonly ref: PointRef;
  readonly server: VmId;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** The guest brought its file systems into order; absent where it is not known. */
  readonly quiesced?: boolean;
  /** How the server starts, where the source knows; otherwise the boot disk's partition table tells. */
  readonly bootMode?: BootMode;
  /** The disks in device order, the boot disk first. */
  disks(): Promise<readonly Disk[]>;
  /** Throws DiskChangedError when what the disks gave may not have been of one instant. Asked once, after the last read. */
  verify(): Promise<void>;
  /** Lets go of what this process holds; the point can be reopened. */
  close(): Promise<void>;
  /** Gives the point up at the source, and closes it. */
  release(): Promise<void>;
}

/** Bytes of a disk, from `offset`, `length` of them. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export interface Disk {
  /** Names the disk among those of its server, from run to run. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Names this instant to a later `changedSince`, where the source tracks changes. */
  readonly changeId?: string;
  /** Where there may be other bytes than zeros: at worst everywhere. */
  allocated(): AsyncIterable<Extent>;
  /** Where bytes may have changed since that instant. Throws ChangesUnknownError when the source cannot tell. */
  changedSince(changeId: string): AsyncIterable<Extent>;
  /** Fills `into` with the bytes from `offset`, all of which lie inside the disk. */
  read(offset: number, into: Buffer): Promise<void>;
}

export class ServerNotFoundError extends Error {
  override readonly name = 'ServerNotFoundError';
}
/** The source's list of applications cannot be read; the message says where and why. */
export class ApplicationsFileError extends Error {
  override readonly name = 'ApplicationsFileError';
}
export class DiskChangedError extends Error {
  override readonly name = 'DiskChangedError';
}
/** The disk cannot be copied, whoever tries. */
export class UnsupportedDiskError extends Error {
  override readonly name = 'UnsupportedDiskError';
  /** As in Problem. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
/** The disk could be copied if a program were installed. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError';
}
/** The source lost track of changes; whoever asked compares every block instead. */
export class ChangesUnknownError extends Error {
  override readonly name = 'ChangesUnknownError';
}
