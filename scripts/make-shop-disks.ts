import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { formatExt4 } from './ext4/format.ts';
import { FIRST_PARTITION, masterBootRecord } from './partition-table.ts';
import { noise, uuid } from './shop/content.ts';
import { SHOP_DISKS, type ShopDisk } from './shop/machines.ts';

/** When the shop's disks say they were made: seconds since the epoch, 2026-01-01. Always the same, so that the disks are. */
const MADE_AT = 1_767_225_600;

/**
 * Makes the data centre of the example `shop`: raw disks, each with a partition table and an ext4 file system. Disks that are there already stay as
 * they are, whatever was changed on them.
 */
export async function makeShopDisks(folder: string): Promise<void> {
  for (const disk of SHOP_DISKS) if (!(await exists(join(folder, disk.path)))) await makeDisk(folder, disk);
}

/** Writes the disk beside its place and then moves it there, so that a disk is whole or not there. */
async function makeDisk(folder: string, disk: ShopDisk) {
  const path = join(folder, disk.path);
  // A hidden name, which is no disk to whoever reads the folder meanwhile.
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeDisk(temporary, disk);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeDisk(path: string, { bytes, label, isSystem, files }: ShopDisk) {
  const file = await open(path, 'w');
  try {
    // The file has holes wherever nothing is written.
    await file.truncate(bytes);
    const text = `${label}: a disk of an example, with no system on it to start.`;
    const signature = noise(`signature of ${label}`, 4).readUInt32LE();
    const record = masterBootRecord(bytes, { text, signature, isActive: isSystem });
    await file.write(record, 0, record.length, 0);
    const fileSystem = { label, uuid: uuid(label), at: MADE_AT };
    for (const piece of formatExt4(bytes - FIRST_PARTITION, files(), fileSystem))
      await file.write(piece.bytes, 0, piece.bytes.length, FIRST_PARTITION + piece.offset);
    await file.sync();
  } finally {
    await file.close();
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

if (import.meta.main) void makeShopDisks(process.argv[2] ?? join(import.meta.dirname, '../examples/shop/datacenter'));
