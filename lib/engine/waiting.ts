import type { Signal, Thread } from './execution.ts';

/** Whether the thread still waits for this. Late and repeated results are dropped. */
export function isAwaited(thread: Thread | undefined, signal: Signal): boolean {
  if (!thread) return false;
  const { wait } = thread;
  switch (signal.kind) {
    case 'start':
      return !wait;
    case 'timer':
      return wait?.kind === 'timer';
    case 'timeout':
      return wait?.kind === 'task';
    case 'result':
    case 'failure':
      return wait?.kind === 'task' && wait.nonce === signal.nonce;
    default:
      return true;
  }
}

/** When a waiting thread is to be woken, and as what; undefined when only a result can wake it. */
export function nextTime(wait: Thread['wait']): { at: number; signal: Signal } | undefined {
  if (wait?.kind === 'timer') return { at: wait.until, signal: { kind: 'timer' } };
  if (wait?.kind !== 'task') return undefined;
  const { timeoutAt = Number.POSITIVE_INFINITY, heartbeatAt = Number.POSITIVE_INFINITY } = wait;
  if (timeoutAt === Number.POSITIVE_INFINITY && heartbeatAt === Number.POSITIVE_INFINITY) return undefined;
  return heartbeatAt < timeoutAt
    ? { at: heartbeatAt, signal: { kind: 'timeout', error: 'States.HeartbeatTimeout' } }
    : { at: timeoutAt, signal: { kind: 'timeout', error: 'States.Timeout' } };
}
