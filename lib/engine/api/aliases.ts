import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import type { AliasRow } from '../store.ts';
import {
  after,
  checkArn,
  checkName,
  compact,
  type EngineOperation,
  type EngineService,
  paged,
  seconds,
  textOf,
} from './service.ts';

type Routes = AliasRow['routingConfiguration'];

export const createStateMachineAlias: EngineOperation = (input, service) => {
  const { store, clock } = service;
  const name = input.name as string;
  checkName(name);
  const routingConfiguration = checkedRoutes(input.routingConfiguration!, service);
  const stateMachineArn = machineOf(routingConfiguration[0]!.stateMachineVersionArn);
  const aliasArn = `${stateMachineArn}:${name}`;
  const description = textOf(input, 'description');
  const asked = { routingConfiguration, ...(description === undefined ? {} : { description }) };
  const known = store.get('alias', aliasArn);
  if (
    known &&
    JSON.stringify(known.routingConfiguration) === JSON.stringify(routingConfiguration) &&
    known.description === description
  )
    return { stateMachineAliasArn: aliasArn, creationDate: seconds(known.createdAt) };
  if (known)
    throw new ApiError(
      'ConflictException',
      'Failed to create alias because an alias with the same name and a different routing configuration already exists.',
    );
  const now = clock.now();
  store.put('alias', aliasArn, { aliasArn, stateMachineArn, name, ...asked, createdAt: now, updatedAt: now });
  return { stateMachineAliasArn: aliasArn, creationDate: seconds(now) };
};

export const updateStateMachineAlias: EngineOperation = (input, service) => {
  const { store, clock } = service;
  const row = find(input.stateMachineAliasArn as string, service);
  const description = textOf(input, 'description');
  const routes =
    input.routingConfiguration === undefined
      ? row.routingConfiguration
      : checkedRoutes(input.routingConfiguration, service);
  const now = clock.now();
  store.put('alias', row.aliasArn, {
    ...row,
    routingConfiguration: routes,
    ...(description === undefined ? {} : { description }),
    updatedAt: now,
  });
  return { updateDate: seconds(now) };
};

export const describeStateMachineAlias: EngineOperation = (input, service) => {
  const row = find(input.stateMachineAliasArn as string, service);
  return compact({
    stateMachineAliasArn: row.aliasArn,
    name: row.name,
    description: row.description,
    routingConfiguration: row.routingConfiguration,
    creationDate: seconds(row.createdAt),
    updateDate: seconds(row.updatedAt),
  });
};

export const deleteStateMachineAlias: EngineOperation = (input, { store }) => {
  const arn = input.stateMachineAliasArn as string;
  checkArn(arn, 'stateMachine');
  store.remove('alias', arn);
  return {};
};

export const listStateMachineAliases: EngineOperation = (input, { store }) => {
  const arn = input.stateMachineArn as string;
  checkArn(arn, 'stateMachine');
  const key = (row: AliasRow) => row.aliasArn;
  const [machine, version] = [machineOf(arn), arn.split(':')[7]];
  const routesThere = ({ routingConfiguration }: AliasRow) =>
    version === undefined || routingConfiguration.some(({ stateMachineVersionArn }) => stateMachineVersionArn === arn);
  const { entries, ...rest } = paged(input, {
    rows: (limit, place) => after(store.list('alias', `${machine}:`).filter(routesThere), { limit, place, key }),
    entry: ({ aliasArn, createdAt }) => ({ stateMachineAliasArn: aliasArn, creationDate: seconds(createdAt) }),
    place: key,
  });
  return { stateMachineAliases: entries, ...rest };
};

const machineOf = (arn: string) => arn.split(':').slice(0, 7).join(':');

const refusal = (message: string) => new ApiError('ValidationException', message);

/** One or two versions of one state machine whose weights make a hundred. */
function checkedRoutes(value: Json, { store }: EngineService): Routes {
  const routes = value as unknown as Routes;
  const arns = routes.map(({ stateMachineVersionArn }) => stateMachineVersionArn);
  const received = `Received: [${arns.join(', ')}]`;
  if (arns.some((arn) => !/:\d+$/.test(arn.split(':').slice(6).join(':'))))
    throw refusal(`Routing configuration must contain state machine version ARNs. ${received}`);
  if (new Set(arns).size < arns.length)
    throw refusal(`Routing configuration must contain distinct state machine version ARNs. ${received}`);
  if (new Set(arns.map(machineOf)).size > 1)
    throw refusal(`Routing configuration must contain versions of one state machine. ${received}`);
  const weights = routes.map(({ weight }) => weight);
  if (weights.reduce((sum, weight) => sum + weight, 0) !== 100)
    throw refusal(`Sum of routing configuration weights must equal 100. Received: [${weights.join(', ')}]`);
  if (arns.some((arn) => !store.get('version', arn))) throw notFound();
  return routes;
}

const notFound = () => new ApiError('ResourceNotFound', 'Request references a resource that does not exist.');

function find(arn: string, { store }: Pick<EngineService, 'store'>): AliasRow {
  checkArn(arn, 'stateMachine');
  const row = store.get('alias', arn);
  if (!row) throw notFound();
  return row;
}
