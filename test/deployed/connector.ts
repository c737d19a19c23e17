import { join } from 'node:path';
import * as ports from '../../lib/aws/function-ports.ts';
import { awsServices } from '../../lib/aws/services.ts';
import { openSource } from '../../lib/connector/open-source.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import type { Services } from '../../lib/ports.ts';
import type { ResolvedResource } from '../../scripts/permissions/resolve.ts';
import { ACCOUNT, REGION } from '../../scripts/permissions/templates.ts';
import { startAgent } from '../support/agent.ts';
import type { Place } from '../support/connectors.ts';

interface ConnectOptions {
  readonly source: string;
  readonly folder: string;
  readonly resources: readonly ResolvedResource[];
  /** Where AWS is. */
  readonly endpoint: string;
  /** The API, and the key of its clients. */
  readonly place: Place;
}

/** A connector that reaches the deployed API as one of its own does, and services to look at what is there. */
export async function connect({ source, folder, resources, endpoint, place }: ConnectOptions) {
  const before = { ...process.env };
  const TABLE = resources.find(({ type }) => type === 'AWS::DynamoDB::GlobalTable')!.ref;
  const TOKEN_SECRET = resources.find(({ id }) => id.includes('TokenSecret'))!.ref;
  Object.assign(process.env, {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_ACCESS_KEY_ID: 'Test',
    ACCOUNT,
    TABLE,
    TOKEN_SECRET,
  });
  const { ownEndpoint: _, blockAccess: __, ...makers } = ports;
  const services: Services = { ...(await awsServices(process.env, makers)), clock: systemClock, log: () => {} };
  const agent = await startAgent(place, {
    source: await openSource(`images:${source}`),
    folder: join(folder, 'connector'),
  });
  return {
    services,
    async end() {
      await agent.stop();
      process.env = before;
    },
  };
}
