import { wait } from '../clock.ts';
import { type CopyResultMessage, DisassociatedError, LeaseLostError, type Work } from '../messages.ts';
import { type TransferProgress, type TransferResult, transferServer } from '../replication/transfer-server.ts';
import { isOutage } from './errors.ts';
import { forgetPoint, withKeptPoint } from './frozen-points.ts';
import type { AgentOptions } from './options.ts';
import type { Reporter } from './reporter.ts';
import { serviceSnapshots } from './service-snapshots.ts';

/** Milliseconds until a copy that was interrupted by an outage goes on. */
const PAUSE = 2_000;
interface Under {
  readonly signal: AbortSignal;
  readonly report: Reporter;
  /** Says when the server was frozen, where it was not frozen before. */
  frozen(at: number): Promise<void>;
}

/** Copies the server of a transfer and tells the service the outcome. Throws what ends it without an outcome: the transfer is another's, or the process ends. */
export async function copy(work: Work, under: Under, options: AgentOptions): Promise<void> {
  const { connectorId, stateFolder } = options;
  const { transferId, epoch } = work;
  const outcome = { type: 'COPY_RESULT', connectorId, transferId, epoch } as const;
  try {
    const result = await transferred(work, under, options);
    await under.report.end();
    await deliver({ ...outcome, taskState: 'SUCCEEDED', result }, under.signal, options);
    await forgetPoint(work, stateFolder);
  } catch (error) {
    await under.report.end();
    if (isEnd(error, under.signal)) throw error;
    const { name, message } = error as Error;
    // What goes away by itself is for the workflow to try again, where it is not waited for here.
    const errorName = isOutage(error) ? 'TransientError' : name;
    const failure = { errorName, statusMessage: message.slice(0, 4_000) };
    await deliver({ ...outcome, taskState: 'ERROR', ...failure }, under.signal, options);
  }
}

const isEnd = (error: unknown, signal: AbortSignal) =>
  signal.aborted || error instanceof LeaseLostError || error instanceof DisassociatedError;

/** The transfer, which goes on after an outage for as long as it is this connector's, and moves now and then. */
async function transferred(work: Work, under: Under, options: AgentOptions): Promise<TransferResult> {
  const { clock, log, outagePatience } = options;
  let [movedAt, done] = [clock.now(), 0];
  const note = (progress: TransferProgress) => {
    if (progress.bytesDone > done) [movedAt, done] = [clock.now(), progress.bytesDone];
    under.report.note(progress);
  };
  for (;;) {
    try {
      return await transfer(work, { ...under, note }, options);
    } catch (error) {
      if (isEnd(error, under.signal) || !isOutage(error) || clock.now() - movedAt >= outagePatience) throw error;
      const why = { transferId: work.transferId, error: String(error) };
      log({ level: 'warning', message: 'a copy is interrupted and will go on', ...why });
      await wait(PAUSE, clock, under.signal);
    }
  }
}

type Noting = Under & { note(progress: TransferProgress): void };

async function transfer(work: Work, { signal, note, frozen }: Noting, options: AgentOptions): Promise<TransferResult> {
  const { source, stateFolder, clock } = options;
  const { runId, jobId, attempt, vmId, description, kmsKeyArn } = work;
  const snapshots = serviceSnapshots(work, options);
  const ofTransfer = withKeptPoint(source, { work, stateFolder, onFrozen: frozen });
  try {
    return await transferServer(
      { runId, jobId, attempt, vmId, description, tags: {}, ...(kmsKeyArn ? { kmsKeyArn } : {}) },
      {
        source: ofTransfer,
        snapshots,
        stateFolder,
        clock,
        ...options.copy,
        onProgress: note,
        signal,
      },
    );
  } finally {
    snapshots.close();
    await ofTransfer.close();
  }
}

/** Sends until the service has it. */
async function deliver(message: CopyResultMessage, signal: AbortSignal, options: AgentOptions) {
  const { service, clock, outagePatience } = options;
  for (;;) {
    try {
      await service.sendMessage(message);
      return;
    } catch (error) {
      if (isEnd(error, signal) || !isOutage(error) || outagePatience === 0) throw error;
      await wait(PAUSE, clock, signal);
    }
  }
}
