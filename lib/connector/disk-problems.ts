import { PARTITION_TABLE_SPAN, readPartitionTable } from '../domain/partition-table.ts';
import { MAX_DISK_SIZE } from './formats/part.ts';
import { type ImageDisk, openImageDisk } from './image-disk.ts';
import type { ImagePath, ImageServer } from './image-servers.ts';
import { MissingProgramError, type Problem, UnsupportedDiskError } from './source.ts';

/** Volumes of a server that SMS replicated at most. Source: its user guide, requirements. */
export const MAX_DISKS = 22;
/** 2 TiB: where a partition of an MBR can begin and end at most. Source: EC2 user guide, boot volumes. */
const MAX_MBR_BOOT_DISK = 2 ** 41;
/** Bytes of a sector of an EBS volume. */
const VOLUME_SECTOR = 512;

/** What keeps the server from being replicated or its image from starting. Every disk is opened, and looked at for damage. */
export async function problemsOf({ images }: ImageServer): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (images.length > MAX_DISKS)
    problems.push({
      code: 'TooManyDisks',
      message: `it has ${images.length} disks, and at most ${MAX_DISKS} can be migrated; move some to another server`,
    });
  for (const [position, image] of images.entries()) problems.push(...(await problemsOfImage(image, position === 0)));
  return problems;
}

async function problemsOfImage(image: ImagePath, isBoot: boolean): Promise<Problem[]> {
  try {
    const disk = await openImageDisk(image, { examine: true });
    try {
      return await problemsOfDisk(disk, isBoot);
    } finally {
      await disk.close();
    }
  } catch (error) {
    if (error instanceof UnsupportedDiskError) return [{ code: error.code, message: error.message }];
    if (error instanceof MissingProgramError) return [{ code: 'MissingProgram', message: error.message }];
    throw error;
  }
}

/** What a disk's size and partition table say. */
export async function problemsOfDisk(disk: Pick<ImageDisk, 'key' | 'size' | 'read'>, isBoot: boolean) {
  const problems: Problem[] = [];
  const start = Buffer.alloc(Math.min(disk.size, PARTITION_TABLE_SPAN));
  await disk.read(0, start);
  const table = readPartitionTable(start);
  if (disk.size > MAX_DISK_SIZE)
    problems.push({
      code: 'DiskTooLarge',
      message: `disk ${disk.key} has ${disk.size} bytes, and volumes have ${MAX_DISK_SIZE} (64 TiB) at most; split it`,
    });
  if (table && table.sectorSize !== VOLUME_SECTOR)
    problems.push({
      code: 'SectorSize',
      message: `disk ${disk.key} is partitioned in sectors of ${table.sectorSize} bytes, and volumes have sectors of ${VOLUME_SECTOR}; copy its partitions to a disk with sectors of ${VOLUME_SECTOR}`,
    });
  if (isBoot && table?.scheme === 'mbr' && disk.size > MAX_MBR_BOOT_DISK)
    problems.push({
      code: 'BootDiskTooLarge',
      message: `boot disk ${disk.key} has ${disk.size} bytes and an MBR, with which EC2 starts from ${MAX_MBR_BOOT_DISK} (2 TiB) at most; make it smaller, or convert it to GPT`,
    });
  return problems;
}
