import { ApiError } from '../api-error.ts';
import type { JoinWait } from '../execution.ts';
import type { MapRunRow, MapRunSettings } from '../store.ts';
import { findStandard } from './executions.ts';
import { after, checkArn, compact, type EngineOperation, type EngineService, paged, seconds } from './service.ts';

export const describeMapRun: EngineOperation = (input, service) => {
  const row = current(find(input.mapRunArn as string, service), service);
  const { total, succeeded, failed, aborted, status } = row;
  const running = status === 'RUNNING' ? row.running : 0;
  const left = status === 'RUNNING' ? total - succeeded - failed - aborted - running : 0;
  const counts = {
    pending: left,
    running,
    succeeded,
    failed,
    timedOut: 0,
    aborted,
    total,
    resultsWritten: 0,
    failuresNotRedrivable: 0,
    pendingRedrive: 0,
  };
  return compact({
    mapRunArn: row.mapRunArn,
    executionArn: row.executionArn,
    status,
    startDate: seconds(row.startedAt),
    stopDate: row.stoppedAt === undefined ? undefined : seconds(row.stoppedAt),
    maxConcurrency: row.maxConcurrency ?? 0,
    toleratedFailurePercentage: row.toleratedFailurePercentage ?? 0,
    toleratedFailureCount: row.toleratedFailureCount ?? 0,
    itemCounts: counts,
    executionCounts: counts,
    redriveCount: 0,
  });
};

export const listMapRuns: EngineOperation = (input, service) => {
  const { executionArn } = findStandard(input.executionArn as string, service);
  const key = (row: MapRunRow) => row.mapRunArn;
  const of = service.store.mapRunsOf(executionArn).sort((a, b) => (a.mapRunArn < b.mapRunArn ? -1 : 1));
  const { entries: mapRuns, ...rest } = paged(input, {
    rows: (limit, place) => after(of, { limit, place, key }),
    entry: (found) => {
      const row = current(found, service);
      return compact({
        executionArn,
        mapRunArn: row.mapRunArn,
        stateMachineArn: row.stateMachineArn,
        startDate: seconds(row.startedAt),
        stopDate: row.stoppedAt === undefined ? undefined : seconds(row.stoppedAt),
      });
    },
    place: key,
  });
  return { mapRuns, ...rest };
};

/** Changes how many children run at once, and how many may fail, while the run lasts. */
export const updateMapRun: EngineOperation = async (input, service) => {
  const row = find(input.mapRunArn as string, service);
  const wait = waitOf(row, service);
  if (!wait) throw new ApiError('ValidationException', 'Map Run is not running and cannot be updated');
  const members = ['maxConcurrency', 'toleratedFailureCount', 'toleratedFailurePercentage'] as const;
  const settings: MapRunSettings = compact(Object.fromEntries(members.map((member) => [member, input[member]])));
  await service.runtime.tell({ kind: 'tuned', nonce: wait.nonce, ...settings });
  return {};
};

/** What the thread that waits for a Map Run knows of it, while it runs. */
function waitOf({ executionArn, thread, mapRunArn }: MapRunRow, { runtime }: EngineService): JoinWait | undefined {
  const wait = runtime.get(executionArn)?.threads.get(thread)?.wait;
  return wait?.kind === 'join' && wait.mapRun?.mapRunArn === mapRunArn ? wait : undefined;
}

/** A Map Run as it stands: a running one is counted by the thread that waits for it. */
function current(row: MapRunRow, service: EngineService): MapRunRow & { running: number } {
  if (row.status !== 'RUNNING') return { ...row, running: 0 };
  const wait = waitOf(row, service);
  if (wait) {
    const { done, failed, next } = wait;
    return { ...row, succeeded: done - failed, failed, running: next - done };
  }
  const stoppedAt = service.store.execution(row.executionArn)?.stoppedAt;
  return {
    ...row,
    status: 'ABORTED',
    aborted: row.total,
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    running: 0,
  };
}

function find(arn: string, { store }: Pick<EngineService, 'store'>): MapRunRow {
  checkArn(arn, 'mapRun');
  const row = store.get('mapRun', arn);
  if (!row) throw new ApiError('ResourceNotFound', `Map Run Does Not Exist: '${arn}'`);
  return row;
}
