import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newKeyId } from '../api/connectors/keys.ts';
import type { Clock } from '../clock.ts';
import type { AccessKey } from '../domain/connector.ts';
import { unchanged } from '../domain/transition.ts';
import type { SqliteStore } from './sqlite-store.ts';

export class DataFolderInUseError extends Error {
  override readonly name = 'DataFolderInUseError';
}

/** Holds the folder for this process, for as long as it lives: SQLite's lock goes with the process, whatever ends it. */
export function lockFolder(dataFolder: string): DatabaseSync {
  const lock = new DatabaseSync(join(dataFolder, 'lock.db'));
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
    return lock;
  } catch (cause) {
    lock.close();
    throw new DataFolderInUseError(
      `another rehost works in ${dataFolder}; stop it, or choose another folder with --data`,
      { cause },
    );
  }
}

/** The access key that the first start makes; later starts find it. */
export async function firstAccessKey(
  store: SqliteStore,
  clock: Clock,
): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const { items } = await store.query('AccessKey', { index: 'all', partition: 'all', limit: 1 });
  const known = items[0];
  if (known) return { accessKeyId: known.id, secretAccessKey: known.secretAccessKey };
  const id = newKeyId();
  const key: AccessKey = {
    id,
    version: 0,
    sequence: 0,
    secretAccessKey: randomBytes(30).toString('base64'),
    createdAt: clock.now(),
  };
  await store.transact([unchanged('AccessKey', key)]);
  return { accessKeyId: id, secretAccessKey: key.secretAccessKey };
}
