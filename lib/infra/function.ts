import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface BundledFunctionProps {
  readonly environment?: Record<string, string>;
  /** @default 30 seconds */
  readonly timeout?: Duration;
}

/** Where `scripts/bundle.ts` puts the bundles. */
const BUNDLES = join(import.meta.dirname, '..', '..', 'dist', 'lambdas');

/** `BeginRun` → `begin-run`: the function's file, and its bundle's folder. */
export const kebabCase = (name: string) => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

/** A function of `lambdas`, with a role and a log group of its own. */
export class BundledFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(
    scope: Construct,
    name: string,
    { environment = {}, timeout = Duration.seconds(30) }: BundledFunctionProps = {},
  ) {
    super(scope, name);
    const bundle = join(BUNDLES, kebabCase(name));
    if (!existsSync(bundle)) throw new Error(`there is no bundle ${bundle}; run \`npm run bundle\` first`);
    this.function = new LambdaFunction(this, 'Resource', {
      code: Code.fromAsset(bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout,
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      logGroup: new LogGroup(this, 'Logs', {
        retention: RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps' },
    });
  }
}
