import type { IncomingMessage } from 'node:http';
import { type Grain, readVmdkStream } from '../formats/vmdk-stream.ts';
import type { DiskReader } from './datastore-reader.ts';
import { type ExportLease, openExportLease } from './export-lease.ts';
import { ExportLeaseError, UntrustedCertificateError } from './faults.ts';
import type { Moref } from './moref.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualDisk } from './virtual-disks.ts';

/** Downloads that break off within one read, before the disk is given up. */
const ATTEMPTS = 3;

/** A download under way. What is before `position` is gone. */
interface Stream {
  readonly answer: IncomingMessage;
  readonly grains: AsyncIterator<Grain>;
  position: number;
  /** The grain that was read last; the next reads may want more of it. */
  last?: Grain;
}

/**
 * Reads disks by the export of their snapshot, which is one stream for each disk, forwards only: read in ascending order it is downloaded once, and from
 * its beginning again for each step back. A lease that ended is taken anew.
 */
export class SnapshotExport {
  readonly #session: VimSession;
  readonly #snapshot: Moref;
  #lease: Promise<ExportLease> | undefined;
  #stream: Stream | undefined;
  #disk: VirtualDisk | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Why no further read is tried: those that wait for their turn would each ask the host again. */
  #failure: Error | undefined;

  constructor(session: VimSession, snapshot: Moref) {
    this.#session = session;
    this.#snapshot = snapshot;
  }

  readerOf = (disk: VirtualDisk): DiskReader => ({
    read: (offset, into) => {
      const read = this.#turn.then(() => this.#read(disk, offset, into));
      this.#turn = read.catch(() => {});
      return read;
    },
  });

  /** Gives the lease back; a later read takes another. */
  async close(): Promise<void> {
    await this.#turn;
    await this.#drop();
    this.#failure = undefined;
  }

  async #read(disk: VirtualDisk, offset: number, into: Buffer): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (this.#failure) throw this.#failure;
      try {
        return await fill(await this.#streamAt(disk, offset), offset, into);
      } catch (error) {
        await this.#drop();
        if (error instanceof UntrustedCertificateError) this.#failure = error;
        else if (attempt === ATTEMPTS) this.#failure = broken(disk, error as Error);
      }
    }
  }

  async #streamAt(disk: VirtualDisk, offset: number): Promise<Stream> {
    if (this.#stream && this.#disk === disk && this.#stream.position <= offset) return this.#stream;
    // Hosts serve one disk of a lease at a time.
    this.#stream?.answer.destroy();
    this.#stream = undefined;
    this.#lease ??= openExportLease(this.#session, this.#snapshot);
    const answer = await (await this.#lease).download(disk);
    // Destroyed, it complains of that.
    answer.on('error', () => {});
    this.#disk = disk;
    this.#stream = { answer, grains: readVmdkStream(answer, disk.size), position: 0 };
    return this.#stream;
  }

  async #drop() {
    this.#stream?.answer.destroy();
    this.#stream = undefined;
    const lease = await this.#lease?.catch(() => undefined);
    this.#lease = undefined;
    await lease?.close();
  }
}

const broken = ({ label }: VirtualDisk, cause: Error) =>
  new ExportLeaseError(`the export of ${label} breaks off: ${cause.message}`, { cause });

/** Fills the buffer with the bytes from `offset`, which are not before the stream's position. */
async function fill(stream: Stream, offset: number, into: Buffer): Promise<void> {
  const end = offset + into.length;
  into.fill(0);
  for (;;) {
    const grain = stream.last ?? (await nextGrain(stream));
    if (!grain || grain.offset >= end) break;
    const from = Math.max(grain.offset, offset);
    const to = Math.min(grain.offset + grain.data.length, end);
    if (from < to) grain.data.copy(into, from - offset, from - grain.offset, to - grain.offset);
    if (grain.offset + grain.data.length > end) break;
    delete stream.last;
  }
  stream.position = end;
}

async function nextGrain(stream: Stream): Promise<Grain | undefined> {
  const { done, value } = await stream.grains.next();
  if (done) return undefined;
  stream.last = value;
  return value;
}
