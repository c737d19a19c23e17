import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * What the next run of a job compares with: for each disk its last snapshot and the manifest of that. It is the record of the run that made it too, so
 * that a run which moved the baseline is known to be done.
 */
export interface Baseline<Result> {
  readonly runId: string;
  readonly result?: Result;
  readonly disks: Readonly<
    Record<string, { readonly snapshotId: string; readonly size: number; readonly manifest: string }>
  >;
}

const NONE = { runId: '', disks: {} } as const;

/** The folder of a job below the connector's state folder. */
export const jobFolder = (stateFolder: string, jobId: string) => join(stateFolder, jobId);

export async function readBaseline<Result>(folder: string): Promise<Baseline<Result>> {
  return ((await readJson(join(folder, 'baseline.json'))) as Baseline<Result> | undefined) ?? NONE;
}

/** Moves the baseline in one step: all disks, or none. */
export const writeBaseline = <Result>(folder: string, baseline: Baseline<Result>) =>
  writeFileDurably(join(folder, 'baseline.json'), JSON.stringify(baseline));

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces a file so that after a crash it is the old one or the new one, whole. */
export async function writeFileDurably(path: string, data: string | Buffer) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Forgets all that is kept for a job. */
export const forgetJob = (jobId: string, stateFolder: string) =>
  rm(jobFolder(stateFolder, jobId), { recursive: true, force: true });
