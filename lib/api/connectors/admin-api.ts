import { unchanged } from '../../domain/transition.ts';
import type { Json } from '../../json.ts';
import { retryingConflicts } from '../conflicts.ts';
import type { JsonApi } from '../dispatch.ts';
import { invalidParameter, unknownOperation } from '../errors.ts';
import { required, type Structure, structure, text } from '../shape.ts';
import { validate } from '../validate.ts';
import { createActivationCode, disabledKeys } from './keys.ts';
import type { ConnectorServices } from './services.ts';

type Admin = Pick<ConnectorServices, 'store' | 'clock' | 'bell'>;

const ofConnector = structure({ connectorId: required(text({ min: 1, max: 256 })) });

interface AdminOperation {
  readonly input: Structure;
  run(input: { connectorId: string }, services: Admin): Promise<object>;
}

/** What SMS did by hand, with IAM users and a web page on the connector. */
const OPERATIONS: Readonly<Record<string, AdminOperation>> = {
  CreateActivationCode: { input: structure({}), run: (_, services) => createActivationCode(services) },
  RotateConnectorKey: { input: ofConnector, run: requestRotation },
  RevokeConnectorKey: { input: ofConnector, run: revoke },
};

/** Rehost's own operations for connectors, beside SMS's: activation codes and keys. */
export function adminApi(services: Admin): JsonApi {
  const attempt = retryingConflicts();
  return {
    targetPrefix: 'Rehost',
    signingName: 'sms',
    jsonVersion: '1.1',
    async call(name, body: Json) {
      const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      if (!operation)
        throw unknownOperation(
          `there is no operation ${name.slice(0, 120)}; ${Object.keys(OPERATIONS).join(', ')} are`,
        );
      const input = validate(body, operation.input) as { connectorId: string };
      return attempt(name, () => operation.run(input, services));
    },
  };
}

async function find(connectorId: string, { store }: Admin) {
  const connector = await store.get('Connector', connectorId);
  if (!connector) throw invalidParameter(`no connector ${connectorId}; GetConnectors lists those there are`);
  if (connector.accessKeyId === undefined)
    throw invalidParameter(`connector ${connectorId} has no key: it is within the service's own process`);
  return connector;
}

/** The connector is asked to take a new key when it next asks for messages. */
async function requestRotation({ connectorId }: { connectorId: string }, services: Admin): Promise<object> {
  const connector = await find(connectorId, services);
  await services.store.transact([unchanged('Connector', { ...connector, keyRotationRequested: true })]);
  services.bell.ring();
  return {};
}

/** Whoever has the connector's key is nobody from now on: the connector, too. It is activated anew with another code and its data folder. */
async function revoke({ connectorId }: { connectorId: string }, services: Admin): Promise<object> {
  const connector = await find(connectorId, services);
  await services.store.transact(await disabledKeys(connector.accessKeyId, services));
  services.bell.ring();
  return {};
}
