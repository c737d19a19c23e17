import type { TransferProgress } from '../domain/run-progress.ts';
import { type CopyResultMessage, LeaseLostError, type Work } from '../messages.ts';
import { isOutage } from './errors.ts';
import type { AgentOptions } from './options.ts';

/** Milliseconds after which a copy that moves nothing says so all the same: the lease is 120 s. */
const SIGN_OF_LIFE = 30_000;
/** Milliseconds after which bytes are told though they make no whole percent: a disk of 10 TiB has few of those. */
const STEP = 10_000;

export interface Reporter {
  note(progress: TransferProgress): void;
  frozen(at: number): void;
  /** Says what was noted last, and no more. */
  end(): Promise<void>;
  /** Says no more. */
  stop(): Promise<void>;
}

type Options = Pick<AgentOptions, 'service' | 'connectorId' | 'clock' | 'progressInterval' | 'log'>;

type Latest = Partial<TransferProgress> & { readonly frozenAt?: number };

/** Tells the service how far a copy is, now and then, and that it goes on also when nothing moves. `lost` is called when the copy is another's. */
export function reporter(work: Work, lost: (error: Error) => void, options: Options): Reporter {
  const { clock, progressInterval } = options;
  let latest: Latest = {};
  let [sending, cancel, stopped] = [Promise.resolve(), () => {}, false];
  const send = sender(work, lost, options);
  const tick = () => {
    sending = sending.then(() => send(latest));
    cancel = clock.setTimer(clock.now() + progressInterval, tick);
  };
  const stop = () => {
    stopped = true;
    cancel();
    return sending;
  };
  tick();
  return {
    note(progress) {
      latest = { ...latest, ...progress };
    },
    frozen(at) {
      latest = { ...latest, frozenAt: at };
    },
    async end() {
      if (stopped) return;
      await stop();
      await send(latest);
    },
    stop,
  };
}

/** Sends what has changed, and a sign of life where nothing has. */
function sender({ transferId, epoch }: Work, lost: (error: Error) => void, options: Options) {
  const { service, connectorId, clock, log } = options;
  const about = { type: 'COPY_RESULT', connectorId, transferId, epoch, taskState: 'ONGOING' } as const;
  let [sent, sentAt] = ['', clock.now()];
  let sentBytes: number | undefined;
  return async (latest: Latest) => {
    const { stage, bytesDone, bytesTotal, frozenAt } = latest;
    const text = `${stage} ${percentOf(latest)} ${bytesTotal} ${frozenAt}`;
    const silence = bytesDone === sentBytes ? SIGN_OF_LIFE : STEP;
    if (text === sent && clock.now() - sentAt < silence) return;
    try {
      await service.sendMessage({ ...about, ...latest } satisfies CopyResultMessage);
      [sent, sentAt, sentBytes] = [text, clock.now(), bytesDone];
    } catch (error) {
      if (error instanceof LeaseLostError) lost(error);
      else if (!isOutage(error))
        log({ level: 'warning', message: 'progress was refused', transferId, error: String(error) });
    }
  };
}

const percentOf = ({ bytesDone = 0, bytesTotal = 0 }: Latest) =>
  bytesTotal > 0 ? Math.floor((bytesDone / bytesTotal) * 100) : 0;
