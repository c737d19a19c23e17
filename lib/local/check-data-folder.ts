import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { lockFolder } from './data-folder.ts';
import { type CheckOptions, checkFileSnapshots, type StoreReport } from './file-snapshots/check.ts';
import type { LocalImage } from './local-images.ts';

export interface DataFolderReport extends StoreReport {
  readonly images: number;
  readonly databases: number;
}

/** The folder holds no data of Rehost. */
export class NoDataFolderError extends Error {
  override readonly name = 'NoDataFolderError';
}

/** Checks all that a service keeps in its data folder, while none works in it: databases, snapshots, and the images that are made of them. */
export async function checkDataFolder(dataFolder: string, options: CheckOptions): Promise<DataFolderReport> {
  if (!existsSync(join(dataFolder, 'rehost.db')))
    throw new NoDataFolderError(`${dataFolder} holds no data of rehost; name the folder with --data`);
  const lock = lockFolder(dataFolder);
  try {
    const names = readdirSync(dataFolder).filter((name) => name.endsWith('.db') && name !== 'lock.db');
    const broken = names.flatMap((name) => problemsOfDatabase(join(dataFolder, name), name));
    const store = await checkFileSnapshots(join(dataFolder, 'snapshots'), options);
    const { images, problems } = checkImages(dataFolder);
    return { ...store, images, databases: names.length + 1, problems: [...broken, ...store.problems, ...problems] };
  } finally {
    lock.close();
  }
}

function problemsOfDatabase(path: string, name: string): string[] {
  return within(path, (database) =>
    database
      .prepare('PRAGMA integrity_check')
      .all()
      .filter((row) => row.integrity_check !== 'ok')
      .map((row) => `${name}: ${row.integrity_check}`),
  );
}

/** Each image's snapshots are there, and completed. */
function checkImages(dataFolder: string): { images: number; problems: string[] } {
  const images = within(join(dataFolder, 'images.db'), (database) =>
    database
      .prepare('SELECT row FROM image')
      .all()
      .map(({ row }) => JSON.parse(row as string) as LocalImage),
  );
  const problems = within(join(dataFolder, 'snapshots', 'snapshots.db'), (database) => {
    const state = database.prepare('SELECT state FROM snapshot WHERE id = ?');
    return images.flatMap(({ imageId, spec }) =>
      spec.disks
        .map(({ snapshotId }) => [snapshotId, state.get(snapshotId)?.state ?? 'not there'] as const)
        .filter(([, found]) => found !== 'completed')
        .map(([snapshotId, found]) => `image ${imageId} is made of snapshot ${snapshotId}, which is ${found}`),
    );
  });
  return { images: images.length, problems };
}

function within<T>(path: string, look: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return look(database);
  } finally {
    database.close();
  }
}
