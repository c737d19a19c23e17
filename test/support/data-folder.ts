import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BootMode } from '../../lib/domain/partition-table.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import type { LocalImage } from '../../lib/local/local-images.ts';
import { openRows } from '../../lib/local/rows.ts';
import { BLOCK_SIZE, GIB } from '../../lib/snapshots.ts';
import { CLOCK } from '../replication/data-centre.ts';

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();

/** Makes a data folder with one image, `ami-1`, of these disks. Answers the folder's path. */
export async function makeDataFolder(folder: string, disks: readonly Buffer[], bootMode?: BootMode): Promise<string> {
  const data = join(folder, 'data');
  mkdirSync(data);
  const snapshots = await openFileSnapshots(join(data, 'snapshots'), { clock: CLOCK });
  const made: LocalImage['spec']['disks'][number][] = [];
  for (const [position, disk] of disks.entries()) {
    const sizeGiB = Math.max(1, Math.ceil(disk.length / GIB));
    const spec = { sizeGiB, token: `disk${position}`, description: '', tags: {}, timeoutMinutes: 60 };
    const { id } = await snapshots.start(spec);
    const digests: Buffer[] = [];
    for (let at = 0; at < disk.length; at += BLOCK_SIZE) {
      const block = Buffer.alloc(BLOCK_SIZE);
      disk.copy(block, 0, at);
      if (block.equals(Buffer.alloc(BLOCK_SIZE))) continue;
      digests.push(sha256(block));
      await snapshots.put(id, at / BLOCK_SIZE, block, digests.at(-1)!);
    }
    await snapshots.complete(id, { written: digests.length, linear: sha256(Buffer.concat(digests)) });
    const deviceName = position === 0 ? '/dev/sda1' : `/dev/sd${'abcdef'[position]}`;
    made.push({ deviceName, snapshotId: id, sizeGiB, bytes: disk.length, deleteOnTermination: false });
  }
  await snapshots.close();
  const rows = openRows<LocalImage>(join(data, 'images.db'), 'image');
  rows.put('ami-1', {
    imageId: 'ami-1',
    spec: {
      name: 'db1',
      description: '',
      architecture: 'x86_64',
      virtualizationType: 'hvm',
      enaSupport: true,
      rootDeviceName: '/dev/sda1',
      disks: made,
      tags: [],
      ...(bootMode === undefined ? {} : { bootMode }),
    },
  });
  rows.close();
  return data;
}
