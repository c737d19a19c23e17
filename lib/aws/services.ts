import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Connectors, Services } from '../ports.ts';
import { type MigrationServices, smsClient } from '../workflows/app-migration/services.ts';
import { awsTarget } from './aws-target.ts';
import { awsClient } from './client.ts';
import { DynamoStore } from './dynamo-store.ts';
import { lambdaRequestHandler } from './lambda-request-handler.ts';
import { notImplemented } from './not-implemented.ts';
import { partitionOf } from './partition.ts';
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

/** The services on AWS. Connectors have no adapter yet: unless one is given, their calls fail by name. */
export function awsServices(
  env: NodeJS.ProcessEnv,
  { tokenSecret = '', connectors = notImplemented<Connectors>('Connectors') }: Partial<Services> = {},
): Services {
  const { region, account, table } = readEnvironment(env);
  const { snapshots, images, stacks, objects, commands } = awsTarget({ account, region });
  return {
    config: { ...DEFAULT_CONFIG, account, region },
    store: new DynamoStore(awsClient(DynamoDBClient), table),
    workflows: stepFunctionsWorkflows(awsClient(SFNClient), `arn:${partitionOf(region)}:states:${region}:${account}`),
    objects,
    snapshots,
    images,
    stacks,
    commands,
    connectors,
    tokenSecret,
    clock: {
      now: () => Date.now(),
      setTimer: () => {
        throw new Error('a function does not wait: state machines do');
      },
    },
    newId: (prefix, hexDigits) =>
      `${prefix}-${randomBytes(Math.ceil(hexDigits / 2))
        .toString('hex')
        .slice(0, hexDigits)}`,
    log: (entry) => console.log(JSON.stringify(entry)),
  };
}

/** What the tasks of `app-migration` get: SMS by direct invocation of the API function, so that no public endpoint is needed. */
export function awsMigrationServices(env: NodeJS.ProcessEnv): MigrationServices {
  const { store, clock } = awsServices(env);
  const requestHandler = lambdaRequestHandler(new LambdaClient({}), variable(env, 'API_FUNCTION'));
  // Whoever may invoke the function may call: the request is not signed, and nothing checks a signature.
  const credentials = { accessKeyId: 'direct', secretAccessKey: 'direct' };
  return { sms: smsClient({ region: variable(env, 'AWS_REGION'), credentials, requestHandler }), store, clock };
}
