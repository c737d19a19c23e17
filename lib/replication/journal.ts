import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { DIGEST_SIZE } from './digest.ts';

/** A record: block index (u32), digest, CRC-32 of both. */
const RECORD_SIZE = 4 + DIGEST_SIZE + 4;

/**
 * Which blocks of a disk have been put into its snapshot, written as they are: after a crash the copy goes on behind them. A torn last record is
 * dropped. The first line names what is copied into what; a journal of something else is not believed.
 */
export class Journal {
  readonly done: Map<number, Buffer>;
  readonly #file: number;

  private constructor(file: number, done: Map<number, Buffer>) {
    this.#file = file;
    this.done = done;
  }

  /** Opens the journal at `path`, with what it holds if its header is `header`, else empty. */
  static open(path: string, header: string): Journal {
    const line = Buffer.from(`${header}\n`);
    const bytes = read(path);
    if (!bytes.subarray(0, line.length).equals(line)) {
      const file = openSync(path, 'w');
      writeSync(file, line);
      return new Journal(file, new Map());
    }
    const done = new Map<number, Buffer>();
    let end = line.length;
    for (; end + RECORD_SIZE <= bytes.length; end += RECORD_SIZE) {
      const record = bytes.subarray(end, end + RECORD_SIZE);
      if (crc32(record.subarray(0, -4)) !== record.readUInt32LE(RECORD_SIZE - 4)) break;
      done.set(record.readUInt32LE(0), Buffer.from(record.subarray(4, 4 + DIGEST_SIZE)));
    }
    const file = openSync(path, 'w');
    writeSync(file, bytes.subarray(0, end));
    return new Journal(file, done);
  }

  add(index: number, digest: Buffer) {
    const record = Buffer.alloc(RECORD_SIZE);
    record.writeUInt32LE(index, 0);
    digest.copy(record, 4);
    record.writeUInt32LE(crc32(record.subarray(0, -4)), RECORD_SIZE - 4);
    writeSync(this.#file, record);
    this.done.set(index, digest);
  }

  close() {
    closeSync(this.#file);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
