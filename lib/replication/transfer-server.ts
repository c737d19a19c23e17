import type { Clock } from '../clock.ts';
import type { Verification } from '../config.ts';
import type { Point, Source } from '../connector/source.ts';
import type { TransferProgress } from '../domain/run-progress.ts';
import type { Snapshots } from '../snapshots.ts';
import { abandon, openAttempt, sweepAttempts } from './attempt.ts';
import type { ConcurrencyLimits } from './concurrency.ts';
import { copyDisks } from './copy-disks.ts';
import { type Attempt, type Baseline, JobState } from './job-state.ts';
import type { Pacer } from './pacer.ts';
import { progressOf } from './progress.ts';
import { sealDisks } from './seal-disks.ts';

export interface TransferRequest {
  readonly runId: string;
  readonly jobId: string;
  /** From 1; another attempt at the same run makes snapshots of its own. */
  readonly attempt: number;
  readonly vmId: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Encrypts snapshots without parent; the others take their parent's key. */
  readonly kmsKeyArn?: string;
}

export type { TransferProgress };

export interface TransferResult {
  /** In device order, the boot disk first. */
  readonly disks: readonly TransferredDisk[];
  /** No disk built on an earlier snapshot. */
  readonly full: boolean;
  /** How the server starts, where the source knows. */
  readonly bootMode?: Point['bootMode'];
  /** The guest brought its file systems into order before it was frozen; absent where that is not known. */
  readonly quiesced?: boolean;
}

export interface TransferredDisk {
  readonly key: string;
  readonly snapshotId: string;
  readonly sizeGiB: number;
  /** Size of the disk at the source. */
  readonly bytes: number;
  /** Of 512 KiB, the last one perhaps in part. */
  readonly blocksTotal: number;
  /** Blocks that this run put. */
  readonly blocksCopied: number;
  /** SHA-256 over the digests of the blocks that were put, in hexadecimal digits. */
  readonly linearSha256: string;
  /** Blocks that had changed though the source did not list them. */
  readonly changeTrackingMissed?: number;
}

/** How disks are copied: what a connector is configured with. */
export interface CopySettings {
  /** How many blocks are put at once; as for a store that is far away unless told. */
  readonly concurrency?: ConcurrencyLimits;
  /** Says when a block may be put; one for all copies that share a line. */
  readonly pacer?: Pacer;
  /** How a sealed snapshot is compared with what was put; by samples unless told. */
  readonly verification?: Verification;
  /** So many runs of a source that tracks changes, one compares all blocks; 10 unless told. */
  readonly scanEvery?: number;
}

export interface TransferServices extends CopySettings {
  readonly source: Source;
  readonly snapshots: Snapshots;
  /** Folder of baselines and journals. One process works in it at a time, and on one run of a job. */
  readonly stateFolder: string;
  readonly clock: Clock;
  onProgress(progress: TransferProgress): void;
  /** Aborted, the transfer stops within a few blocks; it can be resumed. */
  readonly signal?: AbortSignal;
}

/** One pass of a transfer through its states. */
export interface Pass {
  readonly request: TransferRequest;
  readonly services: TransferServices;
  readonly state: JobState;
  readonly baseline: Baseline | undefined;
}

/** What keeps a server from being replicated, as its source says. */
export class ServerCheckError extends Error {
  override readonly name = 'ServerCheckError';
}

/**
 * Brings one server's disks into snapshots: check, freeze, copy, seal, verify, release. A job's first run takes all that is not zero, later ones what
 * changed since, as snapshots with a parent. The baseline moves when all disks are sealed and verified, in one step.
 *
 * The same request again goes on where an interrupted call ended, if the source still has the same bytes, and answers the recorded result when the run
 * was done: one snapshot per disk and run, whatever happens in between.
 */
export async function transferServer(request: TransferRequest, services: TransferServices): Promise<TransferResult> {
  const state = new JobState(services.stateFolder, request.jobId);
  const baseline = await state.baseline();
  const pass: Pass = { request, services, state, baseline };
  await sweepAttempts(pass);
  if (baseline?.runId === request.runId) return baseline.result;

  services.onProgress({ stage: 'Validating', bytesDone: 0, bytesTotal: 0 });
  await check(pass);
  const { point, attempt } = await openAttempt(pass);
  try {
    return await transfer(point, attempt, pass);
  } catch (error) {
    await point.close();
    if (isFinal(error)) await abandon((await state.attempts()).find(isOf(request)) ?? attempt, pass);
    throw error;
  }
}

async function check({ request: { vmId }, services: { source } }: Pass) {
  const problems = await source.check(vmId);
  if (problems.length > 0)
    throw new ServerCheckError(`server ${vmId}: ${problems.map(({ message }) => message).join('; ')}`);
}

async function transfer(point: Point, attempt: Attempt, pass: Pass): Promise<TransferResult> {
  const { request, services, state } = pass;
  const progress = progressOf(services);
  const copied = await copyDisks(point, { attempt, pass, progress });
  await point.verify();
  progress.stage('Preparing');
  const disks = await sealDisks(copied, { pass, progress });

  const result: TransferResult = {
    disks: copied.map(({ transferred }) => transferred),
    full: copied.every(({ parent }) => parent === undefined),
    ...(point.bootMode === undefined ? {} : { bootMode: point.bootMode }),
    ...(point.quiesced === undefined ? {} : { quiesced: point.quiesced }),
  };
  const moved: Baseline = { runId: request.runId, result, disks };
  await state.moveBaseline(moved);
  await point.release();
  await sweepAttempts({ ...pass, baseline: moved });
  progress.stage('Completed');
  return result;
}

const isOf =
  ({ runId, attempt }: TransferRequest) =>
  (other: Attempt) =>
    other.runId === runId && other.attempt === attempt;

/** Going on would give a mixture of two instants, or the same failure: the next call begins anew. */
const FINAL = ['DiskChangedError', 'IncompleteSnapshotError', 'VerificationError', 'SnapshotStateError'];
const isFinal = (error: unknown) => error instanceof Error && FINAL.includes(error.name);
