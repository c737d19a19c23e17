import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { type Config, DEFAULT_CONFIG, DEFAULT_LIMITS } from '../config.ts';
import { newId } from '../new-id.ts';
import type { Services } from '../ports.ts';
import { type MigrationServices, smsClient } from '../workflows/app-migration/services.ts';
import { awsClient } from './client.ts';
import { DynamoStore } from './dynamo-store.ts';
import { lambdaRequestHandler } from './lambda-request-handler.ts';
import { notGiven } from './not-given.ts';
import { traceHeader, traceOf } from './trace.ts';

/** The environment of the functions, checked once when they start. */
export interface Environment {
  readonly region: string;
  readonly account: string;
  readonly table: string;
  /** Every variable, for ports that need more. */
  readonly env: NodeJS.ProcessEnv;
}

export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return { region: variable(env, 'AWS_REGION'), account: variable(env, 'ACCOUNT'), table: variable(env, 'TABLE'), env };
}

export function variable(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`environment variable ${name} is not set; the stacks set it`);
  return value;
}

type Ports = Pick<
  Services,
  'workflows' | 'objects' | 'snapshots' | 'images' | 'stacks' | 'commands' | 'connectors' | 'tokenSecret'
> & { readonly endpoint: string };

/** How the ports of a function are made: those that it needs and no others, so that its bundle has their clients only. */
export type PortMakers = {
  readonly [P in keyof Ports]?: (environment: Environment) => Ports[P] | Promise<Ports[P]>;
};

/** The services of a function: the store, and the ports that are given. The call of another fails by name. */
export async function awsServices(env: NodeJS.ProcessEnv, makers: PortMakers = {}): Promise<Services> {
  const environment = readEnvironment(env);
  const { region, account, table } = environment;
  const made = await Promise.all(
    Object.entries(makers).map(async ([name, make]) => [name, await make(environment)] as const),
  );
  const { endpoint, ...ports } = Object.fromEntries(made) as Partial<Ports>;
  return {
    ...ABSENT,
    config: { ...configOf(env), account, region, ...(endpoint ? { endpoint } : {}) },
    store: new DynamoStore(awsClient(DynamoDBClient), table, traceHeader),
    clock: CLOCK,
    newId,
    trace: traceHeader,
    log: ({ level, ...entry }) => {
      const line = { ...entry, ...traceOf() };
      return level === 'error' ? console.error(line) : console.info(line);
    },
    ...ports,
  };
}

const ABSENT = {
  workflows: notGiven<Services['workflows']>('workflows'),
  objects: notGiven<Services['objects']>('objects'),
  snapshots: notGiven<Services['snapshots']>('snapshots'),
  images: notGiven<Services['images']>('images'),
  stacks: notGiven<Services['stacks']>('stacks'),
  commands: notGiven<Services['commands']>('commands'),
  connectors: notGiven<Services['connectors']>('connectors'),
  tokenSecret: '',
};

export const CLOCK: Services['clock'] = {
  now: () => Date.now(),
  setTimer: () => {
    throw new Error('a function does not wait: state machines do');
  },
};

/** The service's configuration with what the stacks set of it: JSON in `CONFIG`. */
function configOf({ CONFIG }: NodeJS.ProcessEnv): Config {
  const { limits = {}, ...rest } = JSON.parse(CONFIG || '{}') as Partial<Config>;
  const unknown = [
    ...Object.keys(rest).filter((name) => !(name in DEFAULT_CONFIG)),
    ...Object.keys(limits).filter((name) => !(name in DEFAULT_LIMITS)),
  ];
  if (unknown.length > 0) throw new Error(`environment variable CONFIG: there is no ${unknown.join(', ')}`);
  return { ...DEFAULT_CONFIG, ...rest, limits: { ...DEFAULT_LIMITS, ...limits } };
}

/** What the tasks of `app-migration` get: SMS by direct invocation of the API function, so that no public endpoint is needed. */
export async function awsMigrationServices(env: NodeJS.ProcessEnv): Promise<MigrationServices> {
  const { store, clock } = await awsServices(env);
  const requestHandler = lambdaRequestHandler(awsClient(LambdaClient), variable(env, 'API_FUNCTION'));
  // Whoever may invoke the function may call: the request is not signed, and nothing checks a signature.
  const credentials = { accessKeyId: 'direct', secretAccessKey: 'direct' };
  return { sms: smsClient({ region: variable(env, 'AWS_REGION'), credentials, requestHandler }), store, clock };
}
