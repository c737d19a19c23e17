import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Target } from '../ports.ts';
import { openFileSnapshots } from './file-snapshots.ts';
import { folderObjects } from './folder-objects.ts';
import { type LocalImage, localImages } from './local-images.ts';
import { type LocalStack, LocalStacks } from './local-stacks.ts';
import { openRows } from './rows.ts';

/** Snapshots, images, stacks and their templates in the data folder. */
export async function localTarget(
  dataFolder: string,
  { clock, newId }: { clock: Clock; newId(prefix: string, hexDigits: number): string },
): Promise<Target> {
  const file = (name: string) => join(dataFolder, name);
  const imageRows = openRows<LocalImage>(file('images.db'), 'image');
  const stackRows = openRows<LocalStack>(file('stacks.db'), 'stack');
  const snapshots = await openFileSnapshots(file('snapshots'), { clock });
  const images = localImages(imageRows, { snapshots, newId });
  const stacks = new LocalStacks(stackRows, { images, clock, newId });
  return {
    snapshots,
    images,
    stacks,
    objects: folderObjects(file('objects')),
    async removeJobSnapshots(jobId) {
      const used = new Set(imageRows.all().flatMap(({ spec }) => spec.disks.map(({ snapshotId }) => snapshotId)));
      for (const id of snapshots.tagged('SMSJobId', jobId)) if (!used.has(id)) await snapshots.remove(id);
    },
    start: () => stacks.start(),
    async close() {
      stacks.stop();
      await snapshots.close();
      imageRows.close();
      stackRows.close();
    },
  };
}
