import type { ImageFile } from '../image-files.ts';
import { backed, checkedSize, damaged, type Layout } from './part.ts';

/** Where the first region table is, and its size. Source: [MS-VHDX], 2.2.3 and 2.6. */
const REGION_TABLE = { offset: 192 * 1024, size: 64 * 1024 } as const;
const METADATA_TABLE = 64 * 1024;
const MAX_ENTRIES = 2047;
/** Identifiers as they are stored. */
const GUID = {
  METADATA: '06a27c8b90479a4bb8fe575f050f886e',
  FILE_PARAMETERS: '3767a1ca36fa434db3b633f0aa44e76b',
  VIRTUAL_DISK_SIZE: '2442a52f1bcd7648b2115dbed83bf4b8',
} as const;
const HAS_PARENT = 2;

/** Its blocks are found by qemu, which also refuses tables that name blocks behind the file's end. */
export const vhdx: Layout = async (file) => {
  if ((await file.peek(0, 8)).toString('latin1') !== 'vhdxfile') throw damaged(file, 'is not a VHDX image');
  const metadata = await metadataOf(file);
  if (metadata(GUID.FILE_PARAMETERS, 8).readUInt32LE(4) & HAS_PARENT)
    throw backed(file, 'merge its checkpoints in Hyper-V Manager, and export it again');
  const size = checkedSize(metadata(GUID.VIRTUAL_DISK_SIZE, 8).readBigUInt64LE(0), file);
  return [{ kind: 'qemu', file, driver: 'vhdx', size }];
};

/** A reader of metadata items by their identifiers. */
async function metadataOf(file: ImageFile): Promise<(guid: string, length: number) => Buffer> {
  const regions = await file.peek(REGION_TABLE.offset, REGION_TABLE.size);
  const region = findEntry(regions, { count: 8, first: 16, guid: GUID.METADATA });
  if (regions.toString('latin1', 0, 4) !== 'regi' || !region) throw damaged(file, 'has no metadata');
  const start = Number(region.readBigUInt64LE(16));
  if (start > file.size) throw damaged(file, 'was cut off before its metadata');
  const table = await file.peek(start, 2 * METADATA_TABLE);
  return (guid, length) => {
    const entry = findEntry(table, { count: 8, first: 32, guid });
    const at = entry?.readUInt32LE(16) ?? 0;
    if (!entry || at < METADATA_TABLE || at + length > table.length)
      throw damaged(file, 'lacks a part of its metadata');
    return table.subarray(at, at + length);
  };
}

/** Both tables have entries of 32 bytes that begin with an identifier; the number of the metadata's stands in 16 bits two bytes later. */
function findEntry(table: Buffer, { count, first, guid }: { count: number; first: number; guid: string }) {
  if (table.length < first) return undefined;
  const entries = first === 16 ? table.readUInt32LE(count) : table.readUInt16LE(count + 2);
  for (let entry = 0; entry < Math.min(entries, MAX_ENTRIES); entry++) {
    const bytes = table.subarray(first + entry * 32, first + (entry + 1) * 32);
    if (bytes.length === 32 && bytes.toString('hex', 0, 16) === guid) return bytes;
  }
  return undefined;
}
