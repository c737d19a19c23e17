import { join } from 'node:path';
import { connectorActions } from '../../lib/api/connectors/actions.ts';
import { OWN_KEY } from '../../lib/api/connectors/services.ts';
import * as ports from '../../lib/aws/function-ports.ts';
import { POLLING_BELL } from '../../lib/aws/polling-bell.ts';
import { awsServices } from '../../lib/aws/services.ts';
import { openSource } from '../../lib/connector/open-source.ts';
import { EmbeddedConnector } from '../../lib/local/embedded-connector.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import type { Services } from '../../lib/ports.ts';
import type { ResolvedResource } from '../../scripts/permissions/resolve.ts';
import { ACCOUNT, REGION } from '../../scripts/permissions/templates.ts';

interface ConnectOptions {
  readonly source: string;
  readonly folder: string;
  readonly resources: readonly ResolvedResource[];
  readonly endpoint: string;
}

/** A connector in this process, with rights of its own. */
export async function connect({ source, folder, resources, endpoint }: ConnectOptions) {
  const before = { ...process.env };
  const TABLE = resources.find(({ type }) => type === 'AWS::DynamoDB::GlobalTable')!.ref;
  const TOKEN_SECRET = resources.find(({ id }) => id.includes('TokenSecret'))!.ref;
  Object.assign(process.env, {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_ACCESS_KEY_ID: 'Connector',
    ACCOUNT,
    TABLE,
    TOKEN_SECRET,
  });
  const { ownEndpoint: _, blockAccess: __, ...makers } = ports;
  const services: Services = { ...(await awsServices(process.env, makers)), clock: systemClock, log: () => {} };
  const embedded = new EmbeddedConnector({
    source: await openSource(`images:${source}`),
    stateFolder: join(folder, 'connector'),
    version: '0',
    services,
    actions: connectorActions({ ...services, bell: POLLING_BELL, blockAccess: OWN_KEY }),
  });
  await embedded.start();
  return {
    embedded,
    services,
    async end() {
      await embedded.stop();
      process.env = before;
    },
  };
}
