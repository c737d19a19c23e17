import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type FunctionProps,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Allowed, Surroundings } from './allowed.ts';
import { FUNCTION_RIGHTS } from './function-rights.ts';
import { PACKAGE_ROOT } from './package-root.ts';
import { RIGHTS } from './rights.ts';
import type { Settings } from './settings.ts';

export interface BundledFunctionProps {
  readonly settings: Settings;
  readonly surroundings: Surroundings;
  /** What it does, for the console. */
  readonly description: string;
  readonly environment?: Record<string, string>;
  /** @default 30 seconds */
  readonly timeout?: Duration;
  /** More of Lambda's own options. */
  readonly options?: Partial<FunctionProps>;
}

/** Where `scripts/bundle.ts` puts the bundles. */
const BUNDLES = join(PACKAGE_ROOT, 'dist', 'lambdas');

/** `BeginRun` → `begin-run`: the function's file, its bundle's folder, and the end of its name. */
export const kebabCase = (name: string) => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

/** The rights of a function, each once. */
export function rightsOf(name: string): readonly Allowed[] {
  const rights = FUNCTION_RIGHTS[name];
  if (!rights) throw new Error(`there are no rights for function ${name}; list them in lib/infra/function-rights.ts`);
  return [...new Set(rights.flatMap((right): readonly Allowed[] => RIGHTS[right]))];
}

/** A function of `lambdas`, with a role, rights and a log group of its own. */
export class BundledFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, name: string, props: BundledFunctionProps) {
    super(scope, name);
    const { settings, environment = {}, timeout = Duration.seconds(30) } = props;
    const { vpc, vpcSubnets, securityGroups } = settings;
    const functionName = `${settings.name}-${kebabCase(name)}`;
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: settings.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(settings.encryptionKey ? { encryptionKey: settings.encryptionKey } : {}),
    });
    this.function = new LambdaFunction(this, 'Resource', {
      functionName,
      description: props.description,
      code: Code.fromAsset(bundleOf(name)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout,
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      logGroup,
      role: this.#role(name, logGroup, props),
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps' },
      ...(vpc ? { vpc } : {}),
      ...(vpcSubnets ? { vpcSubnets } : {}),
      ...(securityGroups ? { securityGroups: [...securityGroups] } : {}),
      ...props.options,
    });
  }

  #role(name: string, logGroup: LogGroup, { surroundings, settings }: BundledFunctionProps): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${name} of Rehost may do; docs/permissions.md`,
    });
    const { logGroupName } = logGroup;
    const logs = Stack.of(this).formatArn({ service: 'logs', resource: `log-group:${logGroupName}:*` });
    role.addToPolicy(
      new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs] }),
    );
    for (const statement of rightsOf(name).flatMap((allowed) => statementOf(allowed, surroundings)))
      role.addToPolicy(statement);
    if (settings.encryptionKey) settings.encryptionKey.grantEncryptDecrypt(role);
    if (settings.vpc) for (const statement of IN_VPC()) role.addToPolicy(statement);
    return role;
  }
}

function bundleOf(name: string): string {
  const bundle = join(BUNDLES, kebabCase(name));
  if (!existsSync(bundle)) throw new Error(`there is no bundle ${bundle}; run \`npm run bundle\` first`);
  return bundle;
}

/** None where there is nothing that it is about. */
function statementOf({ actions, resources, conditions }: Allowed, at: Surroundings): PolicyStatement[] {
  const found = resources(at);
  if (found.length === 0) return [];
  return [
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: [...actions],
      resources: [...found],
      ...(conditions ? { conditions: conditions(at) } : {}),
    }),
  ];
}

/** Lambda makes the interfaces of a function in a VPC with the function's own role. Source: Lambda developer guide, VPC. */
const IN_VPC = () => [
  new PolicyStatement({
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  }),
];
