import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the package, from wherever its code runs: from the sources, or compiled. */
export const PACKAGE_ROOT = rootOf(import.meta.dirname);

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
