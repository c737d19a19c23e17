import { checkFileSnapshots } from '../../lib/local/file-snapshots/check.ts';

/** What is wrong with a closed store; nothing, it is to be hoped. */
export const wrongsOf = async (folder: string): Promise<readonly string[]> =>
  (await checkFileSnapshots(folder, { hash: true })).problems;
