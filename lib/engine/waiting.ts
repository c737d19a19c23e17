import type { Signal, Thread } from './execution.ts';

/** Whether the thread still waits for this. Late and repeated results are dropped. */
export function isAwaited({ wait }: Thread, signal: Signal): boolean {
  switch (signal.kind) {
    case 'start':
      return !wait;
    case 'timer':
      return wait?.kind === 'timer';
    case 'itemDone':
    case 'itemFailed':
    case 'tuned':
      return wait?.kind === 'join' && wait.nonce === signal.nonce;
    case 'joined':
    case 'childFailed':
      return wait?.kind === 'join';
    case 'end':
      return true;
    default:
      return wait?.kind === 'task' && wait.nonce === signal.nonce;
  }
}

/** When a thread is to be woken by time, and by what. */
export function nextTime({ wait }: Thread): { at: number; signal: Signal } | undefined {
  if (wait?.kind === 'timer') return { at: wait.until, signal: { kind: 'timer' } };
  if (wait?.kind !== 'task') return undefined;
  const { nonce, timeoutAt = Number.POSITIVE_INFINITY, heartbeatAt = Number.POSITIVE_INFINITY } = wait;
  const at = Math.min(timeoutAt, heartbeatAt);
  return at === Number.POSITIVE_INFINITY
    ? undefined
    : { at, signal: { kind: 'timeout', nonce, heartbeat: heartbeatAt < timeoutAt } };
}
