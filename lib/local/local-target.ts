import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Target } from '../ports.ts';
import { type FileSnapshots, openFileSnapshots } from './file-snapshots.ts';
import { folderObjects } from './folder-objects.ts';
import { type LocalCommand, localCommands } from './local-commands.ts';
import { type LocalImage, localImages } from './local-images.ts';
import { type LocalStack, LocalStacks } from './local-stacks.ts';
import { openRows } from './rows.ts';

/** What this machine can say beyond an account. */
export interface LocalTarget extends Target {
  readonly snapshots: FileSnapshots;
  /** The image that the snapshot belongs to, if any. */
  imageOf(snapshotId: string): string | undefined;
}

export interface LocalTargetOptions {
  readonly clock: Clock;
  /** Whether validation scripts run on this machine. */
  readonly runScripts: boolean;
  newId(prefix: string, hexDigits: number): string;
}

/** Snapshots, images, stacks and their templates in the data folder. */
export async function localTarget(
  dataFolder: string,
  { clock, runScripts, newId }: LocalTargetOptions,
): Promise<LocalTarget> {
  const file = (name: string) => join(dataFolder, name);
  const imageRows = openRows<LocalImage>(file('images.db'), 'image');
  const commandRows = openRows<LocalCommand>(file('commands.db'), 'command');
  const stackRows = openRows<LocalStack>(file('stacks.db'), 'stack');
  const snapshots = await openFileSnapshots(file('snapshots'), { clock });
  const images = localImages(imageRows, { snapshots, newId });
  const stacks = new LocalStacks(stackRows, { images, clock, newId });
  const objects = folderObjects(file('objects'));
  return {
    snapshots,
    images,
    stacks,
    objects,
    commands: localCommands(commandRows, { objects, allowed: runScripts, newId }),
    imageOf: (id) =>
      imageRows.all().find(({ spec }) => spec.disks.some(({ snapshotId }) => snapshotId === id))?.imageId,
    async removeJobSnapshots(jobId) {
      const used = new Set(imageRows.all().flatMap(({ spec }) => spec.disks.map(({ snapshotId }) => snapshotId)));
      for (const id of snapshots.tagged('SMSJobId', jobId)) if (!used.has(id)) await snapshots.remove(id);
    },
    start: () => stacks.start(),
    async close() {
      stacks.stop();
      await snapshots.close();
      imageRows.close();
      commandRows.close();
      stackRows.close();
    },
  };
}
