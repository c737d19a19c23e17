import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSource } from '../../../lib/connector/open-source.ts';
import type { Source } from '../../../lib/connector/source.ts';
import { type FileSnapshots, openFileSnapshots } from '../../../lib/local/file-snapshots.ts';
import { LOCAL_LIMITS } from '../../../lib/replication/concurrency.ts';
import {
  type TransferResult,
  type TransferServices,
  transferServer,
} from '../../../lib/replication/transfer-server.ts';
import { bytesOf, CLOCK } from '../../replication/data-centre.ts';
import type { Vcsim } from '../../support/vcsim.ts';

/** A connector's state and a snapshot store, which take servers of a simulated vCenter. */
export interface Transfers {
  readonly folder: string;
  readonly snapshots: FileSnapshots;
  /** A source with the connector's state folder. Closed with the rest. */
  open(options?: string): Promise<Source>;
  transfer(source: Source, vmId: string, runId: string, more?: Partial<TransferServices>): Promise<TransferResult>;
  close(): Promise<void>;
}

export async function openTransfers(vcsim: Vcsim): Promise<Transfers> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock: CLOCK });
  const sources: Source[] = [];
  const stateFolder = join(folder, 'state');
  return {
    folder,
    snapshots,
    async open(options) {
      const source = await openSource(vcsim.spec(options), { stateFolder });
      sources.push(source);
      return source;
    },
    transfer: (source, vmId, runId, more = {}) =>
      transferServer(
        { runId, jobId: `sms-job-${vmId}`, attempt: 1, vmId, description: 'nightly', tags: {} },
        { source, snapshots, stateFolder, clock: CLOCK, concurrency: LOCAL_LIMITS, onProgress() {}, ...more },
      ),
    async close() {
      for (const source of sources) await source.close?.();
      await snapshots.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What the guest has on a disk, kept beside the simulator: writes go to both. */
export interface GuestDisk {
  readonly bytes: Buffer;
  write(offset: number, data: Buffer): Promise<void>;
}

export function guestDisk(vcsim: Vcsim, vm: string, { size, disk = 0 }: { size: number; disk?: number }): GuestDisk {
  const bytes = Buffer.alloc(size);
  return {
    bytes,
    async write(offset, data) {
      data.copy(bytes, offset);
      await vcsim.write(vm, offset, data, disk);
    },
  };
}

/** Random bytes, so that none are like others. */
export const noise = (length: number) => randomBytes(length);

/** Throws unless the snapshot holds the bytes. (A comparison of buffers by jest would print them.) */
export async function demandBytes(snapshots: FileSnapshots, id: string, bytes: Buffer): Promise<void> {
  const copy = await bytesOf(snapshots, id, bytes.length);
  if (copy.equals(bytes)) return;
  const at = copy.findIndex((byte, index) => byte !== bytes[index]);
  throw new Error(`snapshot ${id} differs from the guest's disk at ${at}`);
}
