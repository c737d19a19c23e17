import type { App, VmServer } from './entities.ts';

/** The servers of one application that were frozen together with a run's. */
export interface RunGroup {
  readonly id: string;
  /** Servers of it that were frozen. */
  readonly servers: number;
  /** The first of their instants and the last. */
  readonly first: number;
  readonly last: number;
  /** Names of the servers that could not be frozen with them. */
  readonly missing?: readonly string[];
  /** Names of the application's servers of other managers, whose connectors freeze them at times of their own. */
  readonly elsewhere?: readonly string[];
}

/** Milliseconds between the first of a group's instants and the last. */
export const skewOf = ({ first, last }: Pick<RunGroup, 'first' | 'last'>): number => last - first;

/** For a person. */
export const describeGroup = (group: RunGroup): string =>
  [
    `${group.servers} servers were frozen within ${skewOf(group) / 1_000} s`,
    ...(group.missing?.length ? [`without ${group.missing.join(', ')}`] : []),
    ...(group.elsewhere?.length ? [`apart from ${group.elsewhere.join(', ')} of another manager`] : []),
  ].join(', ');

/** The tag that makes the group of an application strict: its servers are frozen all or none, and so many seconds apart at most. */
export const MAX_SKEW_TAG = 'rehost:max-skew-seconds';

export class GroupTagError extends Error {
  override readonly name = 'GroupTagError';
}

/** Milliseconds that the servers of the application may be frozen apart; undefined where any are fine. Throws GroupTagError. */
export function maxSkewOf({ id, tags }: Pick<App, 'id' | 'tags'>): number | undefined {
  const value = tags.find(({ key }) => key === MAX_SKEW_TAG)?.value;
  if (value === undefined) return undefined;
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(value))
    throw new GroupTagError(`tag ${MAX_SKEW_TAG} of application ${id} is "${value}"; give seconds, such as 5 or 0.5`);
  return Math.round(Number(value) * 1_000);
}

/** Whether its servers are frozen all or none. */
export const isStrict = ({ tags }: Pick<App, 'tags'>): boolean => tags.some(({ key }) => key === MAX_SKEW_TAG);

/** Servers of several managers cannot be frozen all or none: each connector freezes those of its own. */
export class GroupSpreadError extends Error {
  override readonly name = 'GroupSpreadError';
}

/** Throws GroupSpreadError when the application is strict, and its servers are of several managers. */
export function demandOneManager(app: Pick<App, 'id' | 'tags'>, servers: readonly VmServer[]): void {
  const managers = new Map(
    servers.map(({ vmServerAddress: { vmManagerId }, vmManagerName }) => [vmManagerId, vmManagerName]),
  );
  if (!isStrict(app) || managers.size < 2) return;
  throw new GroupSpreadError(
    `the servers of application ${app.id} are frozen all or none (tag ${MAX_SKEW_TAG}), and they are of ${managers.size} managers, ${[...managers.values()].join(' and ')}, whose connectors freeze each by itself; make an application for each manager, or remove the tag`,
  );
}
