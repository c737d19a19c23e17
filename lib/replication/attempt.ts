import type { Point } from '../connector/source.ts';
import type { Attempt } from './job-state.ts';
import type { Pass } from './transfer-server.ts';

/** The attempt that the request names, where an earlier call left it, or anew; and the point that it copies from. */
export async function openAttempt(pass: Pass): Promise<{ attempt: Attempt; point: Point }> {
  const { request, services, state } = pass;
  const earlier = (await state.attempts()).find((one) => isThis(one, pass));
  if (earlier) {
    const point = await reopened(earlier, pass);
    if (point) return { attempt: earlier, point };
    await abandon(earlier, pass);
  }
  const [point] = await services.source.freeze([request.vmId], { quiesce: 'try', name: `rehost/${request.runId}` });
  const attempt: Attempt = {
    runId: request.runId,
    attempt: request.attempt,
    generation: (earlier?.generation ?? 0) + 1,
    point: point!.ref,
    targets: {},
  };
  try {
    await state.saveAttempt(attempt);
  } catch (error) {
    // Nobody would find it again.
    await point!.release();
    throw error;
  }
  return { attempt, point: point! };
}

/** The attempt's point, if it is still there and its snapshots take blocks. */
async function reopened(attempt: Attempt, pass: Pass): Promise<Point | undefined> {
  const point = await pass.services.source.reopen(attempt.point);
  try {
    if (point && (await areUsable(attempt, pass))) return point;
  } catch (error) {
    await point?.close();
    throw error;
  }
  await point?.close();
  return undefined;
}

/** A snapshot that timed out, or was removed, takes no more blocks. */
async function areUsable({ targets }: Attempt, { services: { snapshots } }: Pass): Promise<boolean> {
  for (const id of Object.values(targets)) {
    const state = await snapshots.state(id);
    if (state !== 'pending' && state !== 'completed') return false;
  }
  return true;
}

/** Removes what attempts have left behind that nobody will go on with. */
export async function sweepAttempts(pass: Pass): Promise<void> {
  const { request, state, baseline } = pass;
  const isDone = baseline?.runId === request.runId;
  const attempts = await state.attempts();
  for (const attempt of attempts) if (isDone || !isThis(attempt, pass)) await abandon(attempt, pass);
  if (!attempts.some((attempt) => !isDone && isThis(attempt, pass))) await state.sweepManifests(baseline);
}

/** Removes an attempt's snapshots, but for those that became the baseline, its point at the source, and what is kept of it. */
export async function abandon(attempt: Attempt, { services, state, baseline }: Omit<Pass, 'request'>): Promise<void> {
  const kept = new Set(Object.values(baseline?.disks ?? {}).map(({ snapshotId }) => snapshotId));
  for (const id of Object.values(attempt.targets)) if (!kept.has(id)) await services.snapshots.remove(id);
  await (await services.source.reopen(attempt.point))?.release();
  await state.removeAttempt(attempt);
}

const isThis = ({ runId, attempt }: Attempt, { request }: Pass) =>
  runId === request.runId && attempt === request.attempt;
