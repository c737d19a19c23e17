import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { ActivityRow } from '../store.ts';
import {
  after,
  checkArn,
  checkName,
  type EngineOperation,
  type EngineService,
  paged,
  seconds,
  textOf,
} from './service.ts';
import { tagsOf } from './tags.ts';

export const createActivity: EngineOperation = (input, { store, clock, world }) => {
  const name = input.name as string;
  checkName(name);
  const activityArn = `arn:aws:states:${world.region}:${world.account}:activity:${name}`;
  const row = store.get('activity', activityArn) ?? { activityArn, name, createdAt: clock.now() };
  store.put('activity', activityArn, row);
  if (input.tags !== undefined) store.put('tags', activityArn, tagsOf(input.tags));
  return { activityArn, creationDate: seconds(row.createdAt) };
};

export const describeActivity: EngineOperation = (input, service) => ({
  ...described(find(input.activityArn as string, service)),
  encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
});

export const deleteActivity: EngineOperation = (input, { store }) => {
  const arn = input.activityArn as string;
  checkArn(arn, 'activity');
  store.remove('activity', arn);
  store.remove('tags', arn);
  return {};
};

export const listActivities: EngineOperation = (input, { store }) => {
  const key = (row: ActivityRow) => row.activityArn;
  const { entries: activities, ...rest } = paged(input, {
    rows: (limit, place) => after(store.list('activity'), { limit, place, key }),
    entry: described,
    place: key,
  });
  return { activities, ...rest };
};

/** Waits for a task, up to a minute; answers without a token when there was none. */
export const getActivityTask: EngineOperation = async (input, service): Promise<Json> => {
  const { runtime, clock, world, gone } = service;
  const { activityArn } = find(input.activityArn as string, service);
  for (const until = clock.now() + world.limits.activityPoll; clock.now() < until && !gone?.aborted; ) {
    const { task, cancel } = runtime.tasks.activities.take(activityArn);
    const drop = clock.setTimer(until, cancel);
    // A caller that has gone away must not be given the next task.
    gone?.addEventListener('abort', cancel, { once: true });
    const taken = await task;
    gone?.removeEventListener('abort', cancel);
    drop();
    if (!taken) return {};
    const { nonce } = taken;
    const handed = await runtime.tell({ kind: 'taken', nonce, workerName: textOf(input, 'workerName') });
    if (handed) return { taskToken: nonce, input: JSON.stringify(taken.input) };
  }
  return {};
};

const described = ({ activityArn, name, createdAt }: ActivityRow) => ({
  activityArn,
  name,
  creationDate: seconds(createdAt),
});

function find(arn: string, { store }: Pick<EngineService, 'store'>): ActivityRow {
  checkArn(arn, 'activity');
  const row = store.get('activity', arn);
  if (!row) throw new ApiError('ActivityDoesNotExist', `Activity Does Not Exist: '${arn}'`);
  return row;
}
