import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeFileDurably } from './durable-file.ts';
import { Manifest } from './manifest.ts';
import type { TransferResult } from './transfer-server.ts';

/**
 * What the next run of a job builds on, and in the same record the result of the run that it comes from: so the baseline moves and the run is done in
 * one step, for all disks together.
 */
export interface Baseline {
  readonly runId: string;
  readonly result: TransferResult;
  readonly disks: Readonly<Record<string, BaselineDisk>>;
}

export interface BaselineDisk {
  readonly snapshotId: string;
  /** Bytes. */
  readonly size: number;
  readonly changeId?: string;
  /** Name of the manifest's file. */
  readonly manifest: string;
  /** The key that the snapshot was asked to have, as it was named. */
  readonly kmsKeyArn?: string;
  /** Runs by the source's list of changes since all blocks were compared. */
  readonly listRuns?: number;
  /** The source's list missed changes when it was last compared with all blocks. */
  readonly distrusted?: true;
}

/** An attempt to transfer, under way or interrupted. */
export interface Attempt {
  readonly runId: string;
  readonly attempt: number;
  /** Counts the points in time that this attempt has worked from; each has snapshots of its own. */
  readonly generation: number;
  /** The point at the source. */
  readonly point: string;
  /** The snapshots begun, by the key of the disk. */
  readonly targets: Readonly<Record<string, string>>;
}

const BASELINE = 'baseline.json';
const ATTEMPT = /^attempt-.*\.json$/;
/** With those that a crash left half written. */
const MANIFEST = /\.manifest(\.new)?$/;

/** What is kept of one replication job: one folder, whose files are replaced whole. */
export class JobState {
  readonly folder: string;

  constructor(stateFolder: string, jobId: string) {
    this.folder = join(stateFolder, fileName(jobId));
  }

  baseline = () => readJson<Baseline>(join(this.folder, BASELINE));

  async moveBaseline(baseline: Baseline): Promise<void> {
    await writeFileDurably(join(this.folder, BASELINE), JSON.stringify(baseline));
  }

  async attempts(): Promise<Attempt[]> {
    const names = (await this.#names()).filter((name) => ATTEMPT.test(name));
    const attempts = await Promise.all(names.map((name) => readJson<Attempt>(join(this.folder, name))));
    return attempts.filter((attempt) => attempt !== undefined);
  }

  async saveAttempt(attempt: Attempt): Promise<void> {
    await writeFileDurably(this.#attemptPath(attempt), JSON.stringify(attempt));
  }

  /** Forgets the attempt and its journals; manifests go with `sweepManifests`. */
  async removeAttempt(attempt: Attempt): Promise<void> {
    for (const key of Object.keys(attempt.targets)) await rm(this.journalPath(attempt, key), { force: true });
    await rm(this.#attemptPath(attempt), { force: true });
  }

  journalPath = (attempt: Attempt, key: string) => join(this.folder, `${prefix(attempt)}-${fileName(key)}.journal`);

  /** Begins the manifest of a disk's next snapshot, with what the earlier one of that name holds; `keepManifest` ends it. */
  beginManifest(attempt: Attempt, key: string, { blocks, from }: { blocks: number; from?: string }): Manifest {
    const path = join(this.folder, `${manifestName(attempt, key)}.new`);
    return Manifest.create(path, { blocks, ...(from === undefined ? {} : { from: join(this.folder, from) }) });
  }

  /** Keeps the manifest, durably, and closes it; answers the name of its file. */
  async keepManifest(attempt: Attempt, key: string, manifest: Manifest): Promise<string> {
    const name = manifestName(attempt, key);
    manifest.sync();
    manifest.close();
    await rename(join(this.folder, `${name}.new`), join(this.folder, name));
    await syncFolder(this.folder);
    return name;
  }

  openManifest = (name: string) => Manifest.open(join(this.folder, name));

  /** Removes the manifests that are not the baseline's. Only when no attempt is under way. */
  async sweepManifests(baseline: Baseline | undefined): Promise<void> {
    const kept = new Set(Object.values(baseline?.disks ?? {}).map(({ manifest }) => manifest));
    for (const name of await this.#names())
      if (MANIFEST.test(name) && !kept.has(name)) await rm(join(this.folder, name), { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #attemptPath = ({ runId, attempt }: Attempt) => join(this.folder, `attempt-${fileName(runId)}-${attempt}.json`);
}

const manifestName = (attempt: Attempt, key: string) => `${prefix(attempt)}-${fileName(key)}.manifest`;

const prefix = ({ runId, attempt, generation }: Attempt) => `${fileName(runId)}-${attempt}-${generation}`;

/** Names come from outside: those that could mean another folder, or are too long for a file, are replaced by their hash. A hash stands for itself. */
const fileName = (name: string) =>
  /^([A-Za-z0-9_][\w.-]{0,63}|~[0-9a-f]{32})$/.test(name)
    ? name
    : `~${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
