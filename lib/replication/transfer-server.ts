import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, Point, Source } from '../connector/source.ts';
import { BLOCK_SIZE, GIB, type Snapshots } from '../snapshots.ts';
import { type Baseline, jobFolder, readBaseline, writeBaseline, writeFileDurably } from './baseline.ts';
import { type CopyResult, copyDisk } from './copy-disk.ts';
import { DIGEST_SIZE, sha256 } from './digest.ts';
import { Journal } from './journal.ts';

/** EC2 attaches this many volumes at most to an imported server. Source: VM Import limits. */
const MAX_DISKS = 22;
/** Blocks of each snapshot that are read back and compared before the baseline moves. */
const SAMPLES = 16;

export class DiskShrunkError extends Error {
  override readonly name = 'DiskShrunkError';
}
export class TooManyDisksError extends Error {
  override readonly name = 'TooManyDisksError';
}
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

export interface TransferRequest {
  readonly runId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly vmId: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly kmsKeyArn?: string;
}

export interface TransferProgress {
  readonly stage: 'Validating' | 'Uploading' | 'Preparing';
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface TransferResult {
  /** In device order, the boot disk first. */
  readonly disks: readonly TransferredDisk[];
}

export interface TransferredDisk {
  readonly key: string;
  readonly snapshotId: string;
  readonly sizeGiB: number;
  /** Bytes of the disk at the source. */
  readonly size: number;
  readonly blocks: number;
  /** Blocks that this run wrote. */
  readonly blocksWritten: number;
}

export interface TransferServices {
  readonly source: Source;
  readonly snapshots: Snapshots;
  /** Folder of baselines and journals. */
  readonly stateFolder: string;
  onProgress(progress: TransferProgress): void;
  readonly signal?: AbortSignal;
}

/**
 * Brings one server's disks into snapshots: all that is not zero in a job's first run, what changed since in later ones. The baseline moves only when
 * all disks are sealed and verified, in one step. The same request again resumes, or answers the recorded result: one snapshot per disk and run.
 */
export async function transferServer(request: TransferRequest, services: TransferServices): Promise<TransferResult> {
  const folder = jobFolder(services.stateFolder, request.jobId);
  const baseline = await readBaseline<TransferResult>(folder);
  if (baseline.runId === request.runId) return baseline.result!;

  services.onProgress({ stage: 'Validating', bytesDone: 0, bytesTotal: 0 });
  const point = await services.source.freeze(request.vmId);
  try {
    if (point.disks.length > MAX_DISKS)
      throw new TooManyDisksError(
        `server ${request.vmId} has ${point.disks.length} disks; at most ${MAX_DISKS} can be migrated`,
      );
    const copied = await copyDisks(point, { request, services, folder, baseline });
    await point.verify();
    await promote(copied, { folder, request, baseline });
    return { disks: copied.map(({ disk }) => disk) };
  } finally {
    await point.release();
  }
}

interface Pass {
  readonly request: TransferRequest;
  readonly services: TransferServices;
  readonly folder: string;
  readonly baseline: Baseline<TransferResult>;
}

interface Copied {
  readonly disk: TransferredDisk;
  readonly manifest: Buffer;
}

async function copyDisks({ disks }: Point, pass: Pass): Promise<Copied[]> {
  await mkdir(workFolder(pass), { recursive: true });
  const bytesTotal = disks.reduce((sum, { size }) => sum + size, 0);
  let bytesBefore = 0;
  const copied: Copied[] = [];
  for (const disk of disks) {
    const before = bytesBefore;
    const onBytes = (bytes: number) =>
      pass.services.onProgress({ stage: 'Uploading', bytesDone: before + bytes, bytesTotal });
    copied.push(await copyOne(disk, pass, onBytes));
    bytesBefore += disk.size;
  }
  pass.services.onProgress({ stage: 'Preparing', bytesDone: bytesTotal, bytesTotal });
  return copied;
}

async function copyOne(disk: Disk, pass: Pass, onProgress: (bytes: number) => void): Promise<Copied> {
  const { request, services, baseline } = pass;
  const { snapshots, signal } = services;
  const known = baseline.disks[disk.key];
  // Without its parent there is nothing to build on: the disk is copied whole.
  const before = known && (await snapshots.state(known.snapshotId)) === 'completed' ? known : undefined;
  if (before && disk.size < before.size) {
    throw new DiskShrunkError(
      `disk ${disk.key} of ${request.vmId} shrank from ${before.size} to ${disk.size} bytes; delete the replication job and create a new one`,
    );
  }
  const sizeGiB = Math.max(1, Math.ceil(disk.size / GIB));
  const { id: snapshotId } = await snapshots.start({
    sizeGiB,
    ...(before ? { parent: before.snapshotId } : request.kmsKeyArn ? { kmsKeyArn: request.kmsKeyArn } : {}),
    token: tokenOf(request, disk),
    description: request.description,
    tags: request.tags,
  });
  const journal = Journal.open(
    join(workFolder(pass), `${disk.key}.journal`),
    `${snapshotId} ${disk.fingerprint} ${before?.snapshotId ?? '-'}`,
  );
  try {
    const previous = before ? await readFile(join(pass.folder, before.manifest)) : Buffer.alloc(0);
    const options = { snapshots, snapshotId, baseline: previous, journal, onProgress, ...(signal ? { signal } : {}) };
    const copy = await copyDisk(disk, options);
    await snapshots.complete(snapshotId, copy);
    await verifySnapshot(snapshotId, copy, snapshots);
    const blocks = Math.ceil(disk.size / BLOCK_SIZE);
    return {
      disk: { key: disk.key, snapshotId, sizeGiB, size: disk.size, blocks, blocksWritten: copy.written },
      manifest: copy.manifest,
    };
  } finally {
    journal.close();
  }
}

/** A snapshot of another state of the disk is another snapshot: the fingerprint is part of its token. */
const tokenOf = ({ runId, attempt }: TransferRequest, { key, fingerprint }: Disk) =>
  createHash('sha256')
    .update(JSON.stringify([runId, attempt, key, fingerprint]))
    .digest('hex');

const workFolder = ({ folder, request }: Pick<Pass, 'folder' | 'request'>) =>
  join(folder, `${request.runId}-${request.attempt}`);

/** Compares the snapshot's listing with the manifest, and a sample of its blocks with their digests. Throws VerificationError. */
async function verifySnapshot(snapshotId: string, { manifest }: CopyResult, snapshots: Snapshots) {
  const missing = new Set<number>();
  for (let index = 0; index * DIGEST_SIZE < manifest.length; index++) if (!isZero(manifest, index)) missing.add(index);
  const filled = [...missing];
  for await (const { index } of snapshots.list(snapshotId)) missing.delete(index);
  if (missing.size > 0)
    throw new VerificationError(`snapshot ${snapshotId} lacks ${missing.size} blocks, the first is ${[...missing][0]}`);

  const step = Math.max(1, Math.floor(filled.length / SAMPLES));
  for (let position = 0; position < filled.length; position += step) {
    const index = filled[position]!;
    const digest = await sha256(await snapshots.read(snapshotId, index));
    if (!digest.equals(manifest.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE))) {
      throw new VerificationError(
        `block ${index} of snapshot ${snapshotId} does not hold what was put; the store is damaged`,
      );
    }
  }
}

const isZero = (manifest: Buffer, index: number) =>
  manifest.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE).equals(NO_DIGEST);
const NO_DIGEST = Buffer.alloc(DIGEST_SIZE);

/** Makes this run the baseline of the next, and clears away what the run before and this run's journals left. */
async function promote(copied: readonly Copied[], { folder, request, baseline }: Omit<Pass, 'services'>) {
  const disks: Record<string, Baseline<TransferResult>['disks'][string]> = {};
  for (const { disk, manifest } of copied) {
    const file = `${request.runId}-${disk.key}.manifest`;
    await writeFileDurably(join(folder, file), manifest);
    disks[disk.key] = { snapshotId: disk.snapshotId, size: disk.size, manifest: file };
  }
  await writeBaseline(folder, { runId: request.runId, disks, result: { disks: copied.map(({ disk }) => disk) } });
  await rm(workFolder({ folder, request }), { recursive: true, force: true });
  for (const { manifest } of Object.values(baseline.disks)) await rm(join(folder, manifest), { force: true });
}
