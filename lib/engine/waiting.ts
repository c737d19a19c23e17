import type { Signal, TaskWait, Thread, Waiting } from './execution.ts';

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

/** The wait of a task once it has shown itself: the next heartbeat is due in an interval. */
export const beaten = (wait: TaskWait, now: number): TaskWait =>
  wait.heartbeatSeconds === undefined ? wait : { ...wait, heartbeatAt: now + wait.heartbeatSeconds * 1_000 };

/** A heartbeat that fell due while no engine ran could not be sent: the task has an interval from now. One that is still to come stays as it was. */
export const overdueBeat = (wait: Waiting | undefined, now: number): TaskWait | undefined =>
  wait?.kind === 'task' && wait.heartbeatAt !== undefined && wait.heartbeatAt <= now ? beaten(wait, now) : undefined;
