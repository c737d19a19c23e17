import { setTimeout as sleep } from 'node:timers/promises';
import { DatastoreReadError, VcenterUnreachableError } from './faults.ts';
import { readInto } from './http.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualDisk } from './virtual-disks.ts';

/** Reads the bytes of one disk. */
export interface DiskReader {
  read(offset: number, into: Buffer): Promise<void>;
}

/** Attempts at one part; hosts answer 500 while another has the file open (Xen Orchestra 8339). Milliseconds before the second, and then twice as long. */
const ATTEMPTS = 5;
const RETRY_DELAY = 300;
/** Bytes that are asked for to see whether the file can be read. */
const PROBE = 512;

/**
 * Reads parts of the file that holds the disk's bytes, by vCenter's `/folder`. Throws DatastoreReadError where there is no such file of the disk's own
 * size: on vSAN and vVols there is none.
 */
export async function openDatastoreReader(
  session: VimSession,
  disk: VirtualDisk,
  datacenter: string,
): Promise<DiskReader> {
  const path = flatPath(disk, datacenter);
  const read = (offset: number, into: Buffer) => readRange({ session, path, disk }, offset, into);
  if (disk.size > 0) await read(0, Buffer.alloc(Math.min(PROBE, disk.size)));
  return { read };
}

/** `[DATASTORE] FOLDER/NAME.vmdk` describes the disk; its bytes are in `NAME-flat.vmdk` beside it. */
function flatPath({ label, file, hasParent }: VirtualDisk, datacenter: string): string {
  const [, datastore, path] = /^\[(.+?)\] (.+)\.vmdk$/.exec(file ?? '') ?? [];
  if (datastore === undefined || path === undefined || hasParent)
    throw new DatastoreReadError(`${label} has no file of its own${file ? `: ${file} builds on another` : ''}`);
  const query = new URLSearchParams({ dcPath: datacenter, dsName: datastore });
  return `/folder/${`${path}-flat.vmdk`.split('/').map(encodeURIComponent).join('/')}?${query}`;
}

interface Place {
  readonly session: VimSession;
  readonly path: string;
  readonly disk: VirtualDisk;
}

async function readRange(place: Place, offset: number, into: Buffer): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(place, offset, into);
    } catch (error) {
      if (attempt === ATTEMPTS || !mayPass(error)) throw error;
      await sleep(RETRY_DELAY * 2 ** (attempt - 1));
    }
  }
}

const mayPass = (error: unknown) =>
  error instanceof VcenterUnreachableError || (error instanceof DatastoreReadError && error.status >= 500);

async function readOnce({ session, path, disk }: Place, offset: number, into: Buffer): Promise<void> {
  const answer = await session.get(path, { range: `bytes=${offset}-${offset + into.length - 1}` });
  const range = answer.headers['content-range'];
  if (answer.statusCode === 206 && range === `bytes ${offset}-${offset + into.length - 1}/${disk.size}`)
    return readInto(answer, into, session.host);
  answer.destroy();
  const what =
    answer.statusCode === 206
      ? `it has other bytes than the disk: ${range}, where the disk has ${disk.size}`
      : `HTTP status ${answer.statusCode}`;
  const message = `${disk.file} of ${disk.label} cannot be read from its datastore: ${what}`;
  throw new DatastoreReadError(message, answer.statusCode);
}
