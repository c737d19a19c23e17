import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { Objects } from '../ports.ts';
import { writeFileDurably } from '../replication/durable-file.ts';

/** Objects as files: a folder per bucket, a path per key. */
export function folderObjects(folder: string): Objects {
  const pathOf = ({ bucket, key }: { bucket: string; key: string }) => {
    const root = resolve(folder, bucket);
    const path = resolve(root, key);
    if (!root.startsWith(resolve(folder) + sep) || !path.startsWith(root + sep))
      throw new Error(`the key ${key} leads out of bucket ${bucket}`);
    return path;
  };
  return {
    put: (location, body) => writeFileDurably(pathOf(location), body),
    async get(location) {
      try {
        return await readFile(pathOf(location), 'utf8');
      } catch (error) {
        if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
        throw error;
      }
    },
    async removeAll({ bucket, key }) {
      const names = await keysOf(resolve(folder, bucket));
      for (const name of names.filter((one) => one.startsWith(key))) await rm(pathOf({ bucket, key: name }));
    },
  };
}

/** The keys of all objects of the bucket's folder; none when it is not there. */
async function keysOf(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(root.length + 1)
          .replaceAll(sep, '/'),
      );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
