import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { checkDefinition } from '../language/check-definition.ts';
import type { StateMachineRow } from '../store.ts';
import { checkName, type EngineOperation, type EngineService, pageOf, required, seconds } from './service.ts';

/** Creates a state machine; the same definition again answers the one there is. */
export const createStateMachine: EngineOperation = (input, service) => {
  const name = required(input, 'name');
  checkName(name);
  if (input.type === 'EXPRESS')
    throw new ApiError(
      'StateMachineTypeNotSupported',
      'type EXPRESS is not supported by this engine yet; use STANDARD',
    );
  const stateMachineArn = `arn:aws:states:${service.region}:${service.account}:stateMachine:${name}`;
  const definition = checked(required(input, 'definition'));
  const known = service.store.stateMachine(stateMachineArn);
  if (known && known.definition !== definition)
    throw new ApiError('StateMachineAlreadyExists', `State Machine Already Exists: '${stateMachineArn}'`);
  const now = service.clock.now();
  const row = known ?? {
    stateMachineArn,
    name,
    definition,
    roleArn: required(input, 'roleArn'),
    createdAt: now,
    updatedAt: now,
  };
  if (!known) service.store.putStateMachine(row);
  return { stateMachineArn, creationDate: seconds(row.createdAt) };
};

export const updateStateMachine: EngineOperation = (input, service) => {
  const row = findStateMachine(required(input, 'stateMachineArn'), service);
  const now = service.clock.now();
  const definition = typeof input.definition === 'string' ? checked(input.definition) : row.definition;
  service.store.putStateMachine({ ...row, definition, updatedAt: now });
  return { updateDate: seconds(now) };
};

export const describeStateMachine: EngineOperation = (input, service) => {
  const { definition, ...row } = findStateMachine(required(input, 'stateMachineArn'), service);
  return { ...summary(row), status: 'ACTIVE', definition, roleArn: row.roleArn };
};

export const listStateMachines: EngineOperation = (input, { store }) => {
  const { limit, offset, token } = pageOf(input, { usual: 100, most: 1_000 });
  const rows = store.stateMachines();
  return { stateMachines: rows.slice(offset, offset + limit).map(summary), ...token(rows.length > offset + limit) };
};

const summary = ({
  stateMachineArn,
  name,
  createdAt,
}: Omit<StateMachineRow, 'definition'>): { [key: string]: Json } => ({
  stateMachineArn,
  name,
  type: 'STANDARD',
  creationDate: seconds(createdAt),
});

export function findStateMachine(stateMachineArn: string, { store }: Pick<EngineService, 'store'>): StateMachineRow {
  const row = store.stateMachine(stateMachineArn);
  if (!row) throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${stateMachineArn}'`);
  return row;
}

function checked(definition: string): string {
  const problems = checkDefinition(definition);
  if (problems.length > 0)
    throw new ApiError('InvalidDefinition', `Invalid State Machine Definition: '${problems.join('; ')}'`);
  return definition;
}
