import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { DIGEST_SIZE } from './digest.ts';

/** A record: block index (u32), digest, CRC-32 of both. */
const RECORD_SIZE = 4 + DIGEST_SIZE + 4;
/** Records that are read at once when a journal is opened. */
const RECORDS_PER_READ = 4_096;

/**
 * Which blocks of a disk have been put into its snapshot. Each is noted after it was put, so a block that is not here is put again, which does no harm.
 * The first line says what is copied into what; a journal of something else is not believed. What is torn at the end is cut off.
 *
 * It is written through the kernel and never synced: the death of the process loses nothing, that of the machine the last half minute, whose blocks are
 * put again. Syncing it beside the copy was measured to hold up each write behind it.
 */
export class Journal {
  readonly #file: number;
  #position: number;

  private constructor(file: number, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /** Opens the journal at `path` and hands over what it holds under that header; it starts empty under another. */
  static open(path: string, header: string, replay: (index: number, digest: Buffer) => void): Journal {
    const line = Buffer.from(`${header}\n`);
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const start = Buffer.alloc(line.length);
    readSync(file, start, 0, start.length, 0);
    if (!start.equals(line)) {
      ftruncateSync(file, 0);
      writeSync(file, line, 0, line.length, 0);
    }
    const end = readRecords(file, line.length, replay);
    ftruncateSync(file, end);
    return new Journal(file, end);
  }

  add(index: number, digest: Buffer): void {
    const record = Buffer.alloc(RECORD_SIZE);
    record.writeUInt32LE(index, 0);
    digest.copy(record, 4);
    record.writeUInt32LE(crc32(record.subarray(0, -4)), RECORD_SIZE - 4);
    writeSync(this.#file, record, 0, RECORD_SIZE, this.#position);
    this.#position += RECORD_SIZE;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Hands over the records from `position` on up to the first that is not whole. Answers where that would be. */
function readRecords(file: number, position: number, replay: (index: number, digest: Buffer) => void): number {
  const records = Buffer.alloc(RECORDS_PER_READ * RECORD_SIZE);
  for (let end = position; ; ) {
    const bytes = readSync(file, records, 0, records.length, end);
    for (let at = 0; at < bytes; at += RECORD_SIZE, end += RECORD_SIZE) {
      const record = records.subarray(at, at + RECORD_SIZE);
      if (at + RECORD_SIZE > bytes || crc32(record.subarray(0, -4)) !== record.readUInt32LE(RECORD_SIZE - 4))
        return end;
      replay(record.readUInt32LE(0), Buffer.from(record.subarray(4, -4)));
    }
    if (bytes < records.length) return end;
  }
}
