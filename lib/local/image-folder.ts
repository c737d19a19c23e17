import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshots } from '../snapshots.ts';
import { lockFolder } from './data-folder.ts';
import { openFileSnapshots } from './file-snapshots.ts';
import type { LocalImage } from './local-images.ts';
import { openRows } from './rows.ts';
import { systemClock } from './system-clock.ts';

/** The images of a data folder whose service does not run. */
export interface ImageFolder {
  readonly images: readonly LocalImage[];
  readonly snapshots: Snapshots;
  close(): Promise<void>;
}

export class NoDataFolderError extends Error {
  override readonly name = 'NoDataFolderError';
}

/** Throws DataFolderInUseError while a service works in the folder. */
export async function openImageFolder(dataFolder: string): Promise<ImageFolder> {
  const file = join(dataFolder, 'images.db');
  if (!existsSync(file))
    throw new NoDataFolderError(`${dataFolder} is not a data folder of rehost; name the one of your service by --data`);
  const lock = lockFolder(dataFolder);
  try {
    const snapshots = await openFileSnapshots(join(dataFolder, 'snapshots'), { clock: systemClock });
    const rows = openRows<LocalImage>(file, 'image');
    const images = rows.all();
    rows.close();
    return {
      images,
      snapshots,
      async close() {
        await snapshots.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}
