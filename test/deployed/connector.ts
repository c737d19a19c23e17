import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { connectorActions } from '../../lib/api/connectors/actions.ts';
import { askedConnectors } from '../../lib/api/connectors/questions.ts';
import { OWN_KEY } from '../../lib/api/connectors/services.ts';
import { awsTarget } from '../../lib/aws/aws-target.ts';
import { awsClient } from '../../lib/aws/client.ts';
import { DynamoStore } from '../../lib/aws/dynamo-store.ts';
import * as ports from '../../lib/aws/function-ports.ts';
import { awsServices } from '../../lib/aws/services.ts';
import { openSource } from '../../lib/connector/open-source.ts';
import { kebabCase } from '../../lib/infra/function.ts';
import { EmbeddedConnector } from '../../lib/local/embedded-connector.ts';
import { LocalBell } from '../../lib/local/local-bell.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import type { Services } from '../../lib/ports.ts';
import { TASKS } from '../../lib/workflows/tasks.ts';
import type { ResolvedResource } from '../../scripts/permissions/resolve.ts';
import { ACCOUNT, REGION } from '../../scripts/permissions/templates.ts';
import type { LambdaHandler } from '../simulators/lambda.ts';

/** Tasks that reach connectors, for which there is no adapter on AWS yet: their code runs here, with the rights of their roles. */
const WITH_CONNECTORS = ['CollectServers', 'ImportApps', 'DeleteJob'] as const;

interface ConnectOptions {
  readonly source: string;
  readonly folder: string;
  readonly handlers: Record<string, LambdaHandler>;
  readonly resources: readonly ResolvedResource[];
  readonly endpoint: string;
}

/** A connector in this process, and the functions that ask it. */
export async function connect({ source, folder, handlers, resources, endpoint }: ConnectOptions) {
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
  const stateFolder = join(folder, 'connector');
  const target = awsTarget({ account: ACCOUNT, region: REGION });
  const bell = new LocalBell(systemClock);
  const newId = (prefix: string, digits: number) => `${prefix}-${randomBytes(digits).toString('hex').slice(0, digits)}`;
  const store = new DynamoStore(awsClient(DynamoDBClient), TABLE);
  const connectors = askedConnectors({ store, clock: systemClock, newId, bell }, target);
  const { ownEndpoint: _, ...makers } = ports;
  const all = await awsServices(process.env, { ...makers, connectors: () => connectors });
  const services: Services = { ...all, clock: systemClock, log: () => {} };
  const embedded = new EmbeddedConnector({
    source: await openSource(`images:${source}`),
    stateFolder,
    version: '0',
    services,
    actions: connectorActions({ ...services, bell, blockAccess: OWN_KEY }),
  });
  bell.listen(() => embedded.look());
  await embedded.start();
  await target.images.exists('ami-00000000000000000');

  for (const name of WITH_CONNECTORS) {
    process.env.AWS_ACCESS_KEY_ID = name;
    const own = await awsServices(process.env, { connectors: () => connectors });
    // A client reads its credentials with its first call.
    await own.store.get('ServerCatalog', 'catalog');
    handlers[`rehost-${kebabCase(name)}`] = (input) => TASKS[name](input as never, own);
  }
  process.env.AWS_ACCESS_KEY_ID = 'Connector';
  return {
    embedded,
    services,
    async end() {
      await embedded.stop();
      process.env = before;
    },
  };
}
