import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SMSClient } from '@aws-sdk/client-sms';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { StreamRecord } from '../../lib/aws/stream-events.ts';
import type { DomainEvent, EventBridgeEvent } from '../../lib/domain/events.ts';
import { createEngine, type Engine } from '../../lib/engine/engine.ts';
import { httpInvoke } from '../../lib/engine/invoke.ts';
import { kebabCase } from '../../lib/infra/function.ts';
import { serveEngine } from '../../lib/local/engine-server.ts';
import { openEngineStore } from '../../lib/local/sqlite-engine-store.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { type ResolvedResource, resolved } from '../../scripts/permissions/resolve.ts';
import { pascalCase, type RoleOf, rolesOf } from '../../scripts/permissions/roles.ts';
import { ACCOUNT, REGION, synthesize } from '../../scripts/permissions/templates.ts';
import { accountTags } from '../simulators/iam/account-tags.ts';
import { type Authorizer, authorizer } from '../simulators/iam/authorizer.ts';
import { type LambdaHandler, serveFunctionUrl, serveLambda } from '../simulators/lambda.ts';
import { LambdaProcess } from '../simulators/lambda-process.ts';
import { openStream } from '../simulators/stream-reader.ts';
import { type AwsAccount, openAws } from '../support/aws.ts';
import { createBus } from '../support/bus.ts';
import { writeDisk } from '../support/start.ts';
import { createTable } from '../support/table.ts';
import { connect } from './connector.ts';
import { startPump } from './pump.ts';
import { openWire, type Wire } from './wire.ts';

const BUNDLES = join(import.meta.dirname, '..', '..', 'dist', 'lambdas');
/** Values that must never come out; the secrets of the stacks. */
export const SECRETS = { token: 'token-secret-0123456789abcdef', client: 'client-secret-0123456789abcdef' };

/** The service as its templates describe it, deployed on the double. */
export interface Deployment {
  readonly sms: SMSClient;
  readonly sfn: SFNClient;
  readonly account: AwsAccount;
  readonly engine: Engine;
  readonly resources: readonly ResolvedResource[];
  readonly roles: readonly RoleOf[];
  readonly functions: ReadonlyMap<string, LambdaProcess>;
  readonly iam: Authorizer;
  /** URL of the API. */
  readonly url: string;
  /** Everything that came onto the bus, in order. */
  readonly events: readonly DomainEvent[];
  readonly sqs: SQSClient;
  /** URL of the publisher's dead letters. */
  readonly unpublished: string;
  readonly wire: Wire;
  /** What the rules on the bus were asked about, in order. */
  readonly delivered: readonly EventBridgeEvent[];
  /** What the table's stream had. */
  readonly records: readonly StreamRecord[];
  readonly source: string;
  /** The connector's own services, which nothing refuses. */
  readonly connector: Awaited<ReturnType<typeof connect>>;
  end(): Promise<void>;
}

/**
 * Makes what the synthesized templates say: table, bus, bucket and secrets on moto; each function as its bundle in a process with the environment of its
 * template, and with the rights of its role; the state machines, with their substitutions, on our engine. The connector works in this process.
 */
export async function deploy(): Promise<Deployment> {
  const account = await openAws();
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  const source = join(folder, 'datacenter');
  for (const server of ['db1', 'web1', 'web2']) writeDisk(source, server);

  const { resources, stream, bus, sqs, unpublished } = await makeResources(account);
  const roles = rolesOf(resources);
  const tags = accountTags(account);
  const wire = openWire();
  const iam = authorizer(roles, tags.tagsOf);
  const proxy = account.proxy!;
  proxy.mayPass = (accessKeyId, call) => {
    tags.note(call);
    wire.note(call);
    return iam.mayPass(accessKeyId, call);
  };

  const handlers: Record<string, LambdaHandler> = {};
  const lambda = await serveLambda(handlers);
  const engine = await startEngine(resources, lambda.url);
  const stepFunctions = await serveEngine(engine, { port: 0 });
  proxy.elsewhere.set('lambda', lambda.url).set('states', stepFunctions.url);

  const functions = functionsOf(resources, proxy.url);
  for (const [name, one] of functions)
    handlers[`rehost-${kebabCase(name)}`] = (event, context) => one.invoke(event, context);
  const api = await serveFunctionUrl(handlers['rehost-api']!);
  const place = { url: api.url, region: REGION, credentials: clientKey() };
  const connector = await connect({ source, folder, resources, endpoint: proxy.url, place });
  const pump = startPump({ stream, bus, wire, deadLetters: { sqs, queueUrl: unpublished }, handlers, resources });
  const config = { region: REGION, endpoint: proxy.url, credentials: account.config.credentials! };
  return {
    sms: new SMSClient({ ...config, endpoint: api.url, credentials: clientKey() }),
    sfn: new SFNClient(config),
    account,
    engine,
    resources,
    roles,
    functions,
    iam,
    url: api.url,
    events: pump.events,
    sqs,
    unpublished,
    wire,
    delivered: pump.delivered,
    records: pump.records,
    source,
    connector,
    async end() {
      await pump.stop();
      await connector.end();
      await engine.stop();
      for (const one of functions.values()) one.end();
      for (const server of [api, stepFunctions, lambda]) await server.close();
      await account.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const clientKey = () => ({ accessKeyId: 'REHOSTDEPLOYEDKEY01', secretAccessKey: SECRETS.client });

/** Of the templates' resources, those that functions use; the rest only has names. */
async function makeResources({ config }: AwsAccount) {
  const templates = synthesize();
  const named = resolved(templates);
  const nameOf = (type: string) => named.find((one) => one.type === type)!.ref;
  const secrets = new SecretsManagerClient(config);
  const refs: Record<string, string> = {};
  for (const { id } of named.filter(({ type }) => type === 'AWS::SecretsManager::Secret')) {
    const SecretString = id.includes('ClientKey') ? JSON.stringify(clientKey()) : SECRETS.token;
    const { ARN } = await secrets.send(new CreateSecretCommand({ Name: id, SecretString }));
    refs[id] = ARN!;
  }
  const StreamArn = await createTable(new DynamoDBClient(config), nameOf('AWS::DynamoDB::GlobalTable'));
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: nameOf('AWS::S3::Bucket') }));
  const clients = { events: new EventBridgeClient(config), sqs: new SQSClient(config) };
  const queue = named.find(({ type, ref }) => type === 'AWS::SQS::Queue' && ref.endsWith('-unpublished-events'))!;
  const { QueueUrl } = await clients.sqs.send(
    new CreateQueueCommand({ QueueName: queue.properties.QueueName as string }),
  );
  refs[queue.id] = QueueUrl!;
  return {
    sqs: clients.sqs,
    unpublished: QueueUrl!,
    resources: resolved(templates, refs),
    stream: await openStream(new DynamoDBStreamsClient(config), StreamArn),
    bus: await createBus(clients, nameOf('AWS::Events::EventBus')),
  };
}

/** The state machines of the templates, with the ARNs in the place of `${Name}`. */
async function startEngine(resources: readonly ResolvedResource[], lambdaUrl: string): Promise<Engine> {
  const engine = createEngine({
    store: openEngineStore(':memory:'),
    clock: systemClock,
    account: ACCOUNT,
    region: REGION,
    invoke: httpInvoke(lambdaUrl),
    putEvents: async () => ({ FailedEntryCount: 0, Entries: [] }),
    newId: randomUUID,
    random: Math.random,
    log: () => {},
  });
  for (const { properties } of resources.filter(({ type }) => type === 'AWS::StepFunctions::StateMachine')) {
    const { StateMachineName: name, RoleArn: roleArn } = properties as Record<string, string>;
    await engine.call('CreateStateMachine', { name: name!, roleArn: roleArn!, definition: definitionIn(properties) });
  }
  await engine.start();
  return engine;
}

export function definitionIn(properties: ResolvedResource['properties']): string {
  const { DefinitionString, DefinitionSubstitutions } = properties as {
    DefinitionString: string;
    DefinitionSubstitutions: Record<string, string>;
  };
  return DefinitionString.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => DefinitionSubstitutions[name]!);
}

/** Each function with the environment that its template and Lambda give it. Its access key is its own name, by which IAM knows it. */
function functionsOf(resources: readonly ResolvedResource[], endpoint: string) {
  const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function');
  return new Map(
    functions.map(({ properties }) => {
      const functionName = properties.FunctionName as string;
      const { Variables } = properties.Environment as { Variables: Record<string, string> };
      const file = join(BUNDLES, functionName.replace(/^rehost-/, ''), 'index.mjs');
      return [pascalCase(functionName), new LambdaProcess(file, environmentOf(Variables, { functionName, endpoint }))];
    }),
  );
}

/** What Lambda itself puts into the environment. Source: Lambda developer guide, defined runtime environment variables. */
export const environmentOf = (
  variables: Readonly<Record<string, string>>,
  { functionName, endpoint }: { functionName: string; endpoint: string },
) => ({
  ...variables,
  AWS_LAMBDA_FUNCTION_NAME: functionName,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: pascalCase(functionName),
  AWS_SECRET_ACCESS_KEY: 'any',
  AWS_ENDPOINT_URL: endpoint,
});
