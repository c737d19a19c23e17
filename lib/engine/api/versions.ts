import { ApiError } from '../api-error.ts';
import type { StateMachineRow, VersionRow } from '../store.ts';
import { checkArn, compact, type EngineOperation, type EngineService, paged, seconds, textOf } from './service.ts';
import { findStateMachine } from './state-machines.ts';

/** Publishes the current revision; publishing the same revision again answers its version. */
export function publishVersion(
  row: StateMachineRow,
  description: string | undefined,
  { store, clock }: Pick<EngineService, 'store' | 'clock'>,
): VersionRow {
  const known = versionsOf(row.stateMachineArn, store).find(({ revisionId }) => revisionId === row.revisionId);
  if (known) return known;
  const version = row.versions + 1;
  const versionArn = `${row.stateMachineArn}:${version}`;
  const { stateMachineArn, revisionId } = row;
  const published: VersionRow = {
    versionArn,
    stateMachineArn,
    version,
    revisionId,
    ...(description === undefined ? {} : { description }),
    createdAt: clock.now(),
    machine: row,
  };
  store.put('stateMachine', stateMachineArn, { ...row, versions: version });
  store.put('version', versionArn, published);
  return published;
}

/** Newest first. */
const versionsOf = (stateMachineArn: string, store: EngineService['store']) =>
  store.list('version', `${stateMachineArn}:`).sort((a, b) => b.version - a.version);

export const publishStateMachineVersion: EngineOperation = (input, service) => {
  const row = findStateMachine(input.stateMachineArn as string, service);
  const revision = textOf(input, 'revisionId');
  if (revision !== undefined && revision !== row.revisionId)
    throw new ApiError(
      'ConflictException',
      `Failed to publish the State Machine version for revision ${revision}. The current State Machine revision is ${row.revisionId}.`,
    );
  const { versionArn, createdAt } = publishVersion(row, textOf(input, 'description'), service);
  return { stateMachineVersionArn: versionArn, creationDate: seconds(createdAt) };
};

export const listStateMachineVersions: EngineOperation = (input, { store }) => {
  const arn = input.stateMachineArn as string;
  checkArn(arn, 'stateMachine');
  const { entries, ...rest } = paged<VersionRow>(input, {
    rows: (limit, place) =>
      versionsOf(arn, store)
        .filter(({ version }) => place === undefined || version < Number(place))
        .slice(0, limit),
    entry: ({ versionArn, createdAt }) => ({ stateMachineVersionArn: versionArn, creationDate: seconds(createdAt) }),
    place: ({ version }) => version,
  });
  return { stateMachineVersions: entries, ...rest };
};

export const deleteStateMachineVersion: EngineOperation = (input, { store }) => {
  const arn = input.stateMachineVersionArn as string;
  checkArn(arn, 'stateMachine');
  const machine = arn.split(':').slice(0, 7).join(':');
  const aliases = store
    .list('alias', `${machine}:`)
    .filter(({ routingConfiguration }) =>
      routingConfiguration.some(({ stateMachineVersionArn }) => stateMachineVersionArn === arn),
    );
  if (aliases.length > 0)
    throw new ApiError(
      'ConflictException',
      `Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [${aliases.map(({ name }) => name).join(', ')}]`,
    );
  store.remove('version', arn);
  return compact({});
};
