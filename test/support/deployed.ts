import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SMSClient } from '@aws-sdk/client-sms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import * as ports from '../../lib/aws/function-ports.ts';
import { awsServices } from '../../lib/aws/services.ts';
import { eventOf } from '../../lib/aws/stream-events.ts';
import { openSource } from '../../lib/connector/open-source.ts';
import type { AccessKey } from '../../lib/domain/connector.ts';
import type { DomainEvent } from '../../lib/domain/events.ts';
import { unchanged } from '../../lib/domain/transition.ts';
import { createEngine } from '../../lib/engine/engine.ts';
import { httpInvoke } from '../../lib/engine/invoke.ts';
import { kebabCase } from '../../lib/infra/function.ts';
import { serveEngine } from '../../lib/local/engine-server.ts';
import { openEngineStore } from '../../lib/local/sqlite-engine-store.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import type { Services } from '../../lib/ports.ts';
import { functionsOf, readDefinition, substituted, WORKFLOWS } from '../../lib/workflows/definitions.ts';
import type { ServiceUnderTest } from '../e2e/migration-by-sms-client.ts';
import { type LambdaHandler, serveFunctionUrl, serveLambda } from '../simulators/lambda.ts';
import { openStream } from '../simulators/stream-reader.ts';
import { startAgent } from './agent.ts';
import { type AwsAccount, uniqueName } from './aws.ts';
import { createBus } from './bus.ts';
import { writeDisk } from './start.ts';
import { createTable } from './table.ts';

const LAMBDAS = join(import.meta.dirname, '..', '..', 'lambdas');
const ACCOUNT = '123456789012';

/**
 * The service as it is deployed, on the double: its Lambda handlers, behind Invoke and a function URL; the table, its stream, the bus and a queue behind
 * it on moto; and our engine as Step Functions, of which moto runs no states. Snapshots, images, stacks and templates are moto's. The connector
 * reaches the function URL, and puts blocks with credentials of STS.
 */
export async function deploy(account: AwsAccount): Promise<ServiceUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  const source = join(folder, 'datacenter');
  for (const server of ['db1', 'web1', 'web2']) writeDisk(source, server);
  const { environment, stream, bus } = await makeResources(account);

  const handlers: Record<string, LambdaHandler> = {};
  const lambda = await serveLambda(handlers);
  const engine = await startEngine(lambda.url);
  const stepFunctions = await serveEngine(engine, { port: 0 });
  const before = { ...process.env };
  Object.assign(process.env, environment, {
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    AWS_ENDPOINT_URL_SFN: stepFunctions.url,
  });

  const { ownEndpoint: _, blockAccess: __, ...makers } = ports;
  const services: Services = { ...(await awsServices(process.env, makers)), clock: systemClock, log: () => {} };
  loadHandlers(handlers);
  const calls = new Set<Promise<unknown>>();
  const api = await serveFunctionUrl((event, context) => {
    const call = handlers.Api!(event, context).finally(() => calls.delete(call));
    calls.add(call);
    return call;
  });
  const pump = startPump({ stream, bus, handlers });
  const { id: accessKeyId, secretAccessKey } = await accessKey(services);
  const place = { url: api.url, region: account.config.region!, credentials: { accessKeyId, secretAccessKey } };
  const connector = await startAgent(place, {
    source: await openSource(`images:${source}`),
    folder: join(folder, 'connector'),
  });

  return {
    sms: new SMSClient({
      endpoint: api.url,
      region: account.config.region,
      credentials: { accessKeyId, secretAccessKey },
    }),
    services,
    source,
    events: async () => pump.events,
    async end() {
      await pump.stop();
      await connector.stop();
      // A function does not hear that its caller has gone: the last poll waits to its end.
      await Promise.allSettled(calls);
      await engine.stop();
      for (const server of [api, stepFunctions, lambda]) await server.close();
      await account.close();
      process.env = before;
      rmSync(folder, { recursive: true });
    },
  };
}

/** What the stacks make: the table with its stream, the bus, the secret; and a queue that stands for the bus's rule. */
async function makeResources({ config }: AwsAccount) {
  const TABLE = uniqueName('rehost');
  const StreamArn = await createTable(new DynamoDBClient(config), TABLE);
  const stream = await openStream(new DynamoDBStreamsClient(config), StreamArn);
  const bus = await createBus(
    { events: new EventBridgeClient(config), sqs: new SQSClient(config) },
    uniqueName('rehost'),
  );
  const secrets = new SecretsManagerClient(config);
  const key = JSON.stringify({ accessKeyId: 'REHOSTDEPLOYEDKEY01', secretAccessKey: 'deployed' });
  await secrets.send(new CreateSecretCommand({ Name: TABLE, SecretString: 'page tokens' }));
  await secrets.send(new CreateSecretCommand({ Name: `${TABLE}-key`, SecretString: key }));
  const environment = {
    AWS_REGION: config.region,
    AWS_ENDPOINT_URL: config.endpoint!,
    AWS_ACCESS_KEY_ID: config.credentials!.accessKeyId,
    AWS_SECRET_ACCESS_KEY: config.credentials!.secretAccessKey,
    ACCOUNT,
    TABLE,
    BUS: bus.name,
    TOKEN_SECRET: TABLE,
    CLIENT_KEY: `${TABLE}-key`,
    AWS_LAMBDA_FUNCTION_NAME: 'Api',
    PUBLIC: 'true',
    ENDPOINT: 'https://api.lambda-url.us-east-1.on.aws/',
    API_FUNCTION: 'Api',
    CONNECTOR_ROLE: `arn:aws:iam::${ACCOUNT}:role/connector-blocks`,
  };
  return { environment, stream, bus };
}

async function startEngine(lambdaUrl: string) {
  const engine = createEngine({
    store: openEngineStore(':memory:'),
    clock: systemClock,
    account: ACCOUNT,
    region: 'us-east-1',
    invoke: httpInvoke(lambdaUrl),
    putEvents: async () => ({ FailedEntryCount: 0, Entries: [] }),
    newId: randomUUID,
    random: Math.random,
    log: () => {},
  });
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/rehost`;
  for (const name of WORKFLOWS) {
    const arnOf = (fn: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${fn}`;
    await engine.call('CreateStateMachine', { name, roleArn, definition: substituted(readDefinition(name), arnOf) });
  }
  await engine.start();
  return engine;
}

/** The handlers of all functions, by the names that the definitions call them. */
function loadHandlers(handlers: Record<string, LambdaHandler>) {
  const names = [
    ...WORKFLOWS.flatMap((name) => functionsOf(readDefinition(name))),
    'Api',
    'PublishEvents',
    'StartWorkflow',
  ];
  const files = readdirSync(LAMBDAS);
  for (const name of names) {
    if (!files.includes(`${kebabCase(name)}.ts`)) throw new Error(`there is no function ${name}`);
    handlers[name] = jest.requireActual<{ handler: LambdaHandler }>(join(LAMBDAS, `${kebabCase(name)}.ts`)).handler;
  }
}

/** Carries what the table's stream has to the bus, and what the bus's rule lets through to the workflows, as Lambda would. */
function startPump({
  stream,
  bus,
  handlers,
}: {
  stream: Awaited<ReturnType<typeof openStream>>;
  bus: Awaited<ReturnType<typeof createBus>>;
  handlers: Readonly<Record<string, LambdaHandler>>;
}) {
  const events: DomainEvent[] = [];
  let stopped = false;
  const turn = async () => {
    const records = await stream();
    events.push(...records.flatMap((record) => eventOf(record) ?? []));
    if (records.length > 0) await handlers.PublishEvents!({ Records: records }, {});
    for (const event of await bus.delivered()) {
      await handlers.StartWorkflow!(event, {});
    }
  };
  const running = (async () => {
    while (!stopped) {
      await turn();
      await sleep(20);
    }
  })();
  return {
    events,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

async function accessKey({ store }: Services): Promise<AccessKey> {
  const key: AccessKey = {
    id: 'AKIAIOSFODNN7EXAMPLE',
    version: 0,
    sequence: 0,
    secretAccessKey: 'secret',
    createdAt: 0,
  };
  await store.transact([unchanged('AccessKey', key)]);
  return key;
}
