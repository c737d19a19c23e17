import { readFile } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
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
  };
}
