import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { type FileSnapshots, openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { type TransferRequest, type TransferServices, transferServer } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE, type SnapshotId, type Snapshots } from '../../lib/snapshots.ts';

/** The copy keeps time only for its reports. */
export const CLOCK: Clock = {
  now: () => Date.now(),
  setTimer(_at, run) {
    run();
    return () => {};
  },
};

/** A folder with a source, a snapshot store and a connector's state. */
export interface DataCentre {
  readonly folder: string;
  readonly snapshots: FileSnapshots;
  path(disk: string): string;
  write(disk: string, bytes: Buffer): Promise<void>;
  /** Overwrites a block with copies of the text, or of the byte. */
  overwrite(disk: string, block: number, data: string | number): Promise<void>;
  transfer(runId: string, more?: Partial<TransferServices & TransferRequest>): ReturnType<typeof transferServer>;
  /** Removes the folder; the store has been closed. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

export async function openDataCentre(): Promise<DataCentre> {
  const folder = await mkdtemp(join(tmpdir(), 'rehost-'));
  await mkdir(join(folder, 'source', 'db1'), { recursive: true });
  const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock: CLOCK });
  const path = (disk: string) => join(folder, 'source', 'db1', disk);
  return {
    folder,
    snapshots,
    path,
    async write(disk, bytes) {
      await mkdir(dirname(path(disk)), { recursive: true });
      await writeFile(path(disk), bytes);
    },
    async overwrite(disk, block, data) {
      const file = await open(path(disk), 'r+');
      await file.write(Buffer.alloc(BLOCK_SIZE, data), 0, BLOCK_SIZE, block * BLOCK_SIZE);
      await file.close();
    },
    async transfer(runId, more = {}) {
      const source = imagesSource(join(folder, 'source'));
      const request = { runId, jobId: 'sms-job-1', attempt: 1, vmId: 'db1', description: 'nightly', tags: {}, ...more };
      const services = {
        source,
        snapshots,
        stateFolder: join(folder, 'state'),
        clock: CLOCK,
        onProgress() {},
        ...more,
      };
      return transferServer(request, services);
    },
    remove: () => rm(folder, { recursive: true }),
    async close() {
      await snapshots.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The bytes of a snapshot, read as EBS's clients read them: listed blocks by their tokens, zeros between; cut to the length of the disk. */
export async function bytesOf(snapshots: Snapshots, id: SnapshotId, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE);
  for await (const { index, token } of snapshots.list(id)) {
    const { data } = await snapshots.read(id, index, token);
    data.copy(bytes, index * BLOCK_SIZE);
  }
  return bytes.subarray(0, size);
}

/** Throws unless the snapshot holds the file's bytes. (A comparison of buffers by jest would print them.) */
export async function demandSameBytes(snapshots: Snapshots, id: SnapshotId, path: string): Promise<void> {
  const source = await readFile(path);
  const copy = await bytesOf(snapshots, id, source.length);
  if (!copy.equals(source)) throw new Error(`snapshot ${id} differs from ${path}`);
}

/** A store that says which blocks are put into it. */
export function recording(snapshots: Snapshots): Snapshots & { readonly puts: number[] } {
  const puts: number[] = [];
  const put: Snapshots['put'] = (id, index, data, sha256) => {
    puts.push(index);
    return snapshots.put(id, index, data, sha256);
  };
  return { puts, ...puttingBy(snapshots, put) };
}

/** The store, with another way to put blocks into it. */
export const puttingBy = (snapshots: Snapshots, put: Snapshots['put']): Snapshots => ({
  start: (spec) => snapshots.start(spec),
  put,
  complete: (id, seal) => snapshots.complete(id, seal),
  state: (id) => snapshots.state(id),
  list: (id) => snapshots.list(id),
  changed: (first, second) => snapshots.changed(first, second),
  read: (id, index, token) => snapshots.read(id, index, token),
  remove: (id) => snapshots.remove(id),
});
