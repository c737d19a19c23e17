import type { AccessKey, Connector } from '../../domain/entities.ts';
import { advance, type Change, created, unchanged } from '../../domain/transition.ts';
import type { RegisterMessage, SendMessageResult } from '../../messages.ts';
import type { Caller } from '../dispatch.ts';
import { accessDenied } from '../errors.ts';
import { disabledKeys, newKeyId, secretOf } from './keys.ts';
import type { ConnectorServices } from './services.ts';

/** What a connector says of itself. */
export type About = Pick<
  RegisterMessage,
  'version' | 'ipAddress' | 'macAddress' | 'manager' | 'capabilities' | 'formerConnectorId'
>;

/**
 * Makes a connector of whoever has an activation code, once. The same registration again, which its number by chance tells, answers the same: a connector
 * that died before it wrote down who it is asks again.
 */
export async function register(
  message: RegisterMessage,
  { services, caller }: { services: ConnectorServices; caller: Caller | undefined },
): Promise<SendMessageResult> {
  const { store } = services;
  const { activationId, nonce } = message;
  const code = await store.get('AccessKey', activationId);
  if (!code?.activation || (caller?.accessKeyId !== undefined && caller.accessKeyId !== activationId))
    throw accessDenied('this is no activation code; `rehost connectors code` makes one');
  const { expiresAt, connectorId: known, nonce: used } = code.activation;
  if (known !== undefined) {
    if (used !== nonce) throw accessDenied('the activation code was used; `rehost connectors code` makes another');
    const connector = await store.get('Connector', known);
    if (connector?.accessKeyId) return { connectorId: known, accessKeyId: connector.accessKeyId };
  }
  if (expiresAt < services.clock.now())
    throw accessDenied('the activation code has expired; `rehost connectors code` makes another');
  return associate(message, code, services);
}

async function associate(message: RegisterMessage, code: AccessKey, services: ConnectorServices) {
  const { store, clock } = services;
  const accessKeyId = newKeyId();
  const { change, former } = await association({ ...message, accessKeyId }, services);
  const connectorId = change.entity.id;
  const key: AccessKey = {
    id: accessKeyId,
    version: 0,
    sequence: 0,
    secretAccessKey: secretOf(code.secretAccessKey, message.nonce),
    createdAt: clock.now(),
    connectorId,
  };
  const activation = { ...code.activation!, connectorId, nonce: message.nonce };
  await store.transact([
    change,
    unchanged('AccessKey', key),
    unchanged('AccessKey', { ...code, activation }),
    ...(await disabledKeys(former, services)),
  ]);
  return { connectorId, accessKeyId };
}

/** The connector that comes of a registration: a new one, or the former one of the same data folder and manager, which goes on with what it keeps. */
export async function association(
  { manager, formerConnectorId, accessKeyId, ...about }: About & { accessKeyId?: string },
  { store, clock, newId }: Pick<ConnectorServices, 'store' | 'clock' | 'newId'>,
): Promise<{ change: Change<'Connector'>; former?: string }> {
  const at = clock.now();
  const known = formerConnectorId === undefined ? undefined : await store.get('Connector', formerConnectorId);
  const told = {
    connectorVersion: about.version,
    capabilityList: about.capabilities,
    vmManagerId: manager.id,
    vmManagerName: manager.name,
    vmManagerType: manager.type,
    ipAddress: about.ipAddress,
    macAddress: about.macAddress,
    associatedOn: at,
    lastSeenAt: at,
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
  };
  // Nobody becomes the connector of the service's own process, nor the other way round.
  const isSame = known?.vmManagerId === manager.id && Boolean(known.accessKeyId) === Boolean(accessKeyId);
  if (!known || !isSame) {
    const connector: Connector = { id: newId('c', 17), version: 0, sequence: 0, status: 'HEALTHY', ...told };
    return { change: created('Connector', connector, { machines: ['Connector'], at }) };
  }
  const again = unchanged('Connector', { ...known, ...told, associatedOn: known.associatedOn });
  const change = known.status === 'HEALTHY' ? again : advance(again, ['Connector', 'HEALTHY'], { at });
  return { change, ...(known.accessKeyId === undefined ? {} : { former: known.accessKeyId }) };
}
