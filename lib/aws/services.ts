import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { STSClient } from '@aws-sdk/client-sts';
import { askedConnectors } from '../api/connectors/questions.ts';
import type { ConnectorServices } from '../api/connectors/services.ts';
import type { Clock } from '../clock.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Services } from '../ports.ts';
import { type MigrationServices, smsClient } from '../workflows/app-migration/services.ts';
import { awsTarget } from './aws-target.ts';
import { awsClient } from './client.ts';
import { DynamoStore } from './dynamo-store.ts';
import { keyArn } from './key-arn.ts';
import { lambdaRequestHandler } from './lambda-request-handler.ts';
import { partitionOf } from './partition.ts';
import { POLLING_BELL } from './polling-bell.ts';
import { sessionBlockAccess } from './session-block-access.ts';
import { stepFunctionsWorkflows } from './step-functions-workflows.ts';

/** The environment of the functions, checked once when they start. */
export interface Environment {
  readonly region: string;
  readonly account: string;
  readonly table: string;
}

export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return { region: variable(env, 'AWS_REGION'), account: variable(env, 'ACCOUNT'), table: variable(env, 'TABLE') };
}

export function variable(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`environment variable ${name} is not set; the stacks set it`);
  return value;
}

/** The services on AWS. Connectors are asked through the table: they ask for their messages by the API. */
export function awsServices(env: NodeJS.ProcessEnv, { tokenSecret = '' }: Partial<Services> = {}): Services {
  const { region, account, table } = readEnvironment(env);
  const target = awsTarget({ account, region });
  const { snapshots, images, stacks, objects, commands } = target;
  const store = new DynamoStore(awsClient(DynamoDBClient), table);
  return {
    config: { ...DEFAULT_CONFIG, account, region },
    store,
    workflows: stepFunctionsWorkflows(awsClient(SFNClient), `arn:${partitionOf(region)}:states:${region}:${account}`),
    objects,
    snapshots,
    images,
    stacks,
    commands,
    connectors: askedConnectors({ store, clock: CLOCK, newId, bell: POLLING_BELL }, target),
    tokenSecret,
    clock: CLOCK,
    newId,
    log: (entry) => console.log(JSON.stringify(entry)),
  };
}

const CLOCK: Clock = {
  now: () => Date.now(),
  setTimer: () => {
    throw new Error('a function does not wait: state machines do');
  },
};

const newId = (prefix: string, hexDigits: number) =>
  `${prefix}-${randomBytes(Math.ceil(hexDigits / 2))
    .toString('hex')
    .slice(0, hexDigits)}`;

/** What the connectors' two actions need beyond: blocks go into the account with credentials of the role that CONNECTOR_ROLE names. */
export function awsConnectorServices(env: NodeJS.ProcessEnv, services: Services): ConnectorServices {
  const { region } = readEnvironment(env);
  const kms = awsClient(KMSClient);
  const blockAccess = sessionBlockAccess({
    sts: awsClient(STSClient),
    roleArn: env.CONNECTOR_ROLE,
    region,
    keyArn: (keyId) => keyArn(kms, keyId),
  });
  return { ...services, bell: POLLING_BELL, blockAccess };
}

/** What the tasks of `app-migration` get: SMS by direct invocation of the API function, so that no public endpoint is needed. */
export function awsMigrationServices(env: NodeJS.ProcessEnv): MigrationServices {
  const { store, clock } = awsServices(env);
  const requestHandler = lambdaRequestHandler(new LambdaClient({}), variable(env, 'API_FUNCTION'));
  // Whoever may invoke the function may call: the request is not signed, and nothing checks a signature.
  const credentials = { accessKeyId: 'direct', secretAccessKey: 'direct' };
  return { sms: smsClient({ region: variable(env, 'AWS_REGION'), credentials, requestHandler }), store, clock };
}
