import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunctionResource, Runtime } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { Rehost } from 'rehost/infra';

/** Rehost as a part of a stack of yours, with your key, your limits, and a rule of your own that tells your portal what is migrated. */
export class MigrationsStack extends Stack {
  readonly rehost: Rehost;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const portal = new LambdaFunctionResource(this, 'Portal', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async ({ detail }) => console.log(detail.name, "is migrated");'),
    });
    this.rehost = new Rehost(this, 'Rehost', {
      name: 'migrations',
      encryptionKey: new Key(this, 'Key', { enableKeyRotation: true }),
      logRetention: RetentionDays.THREE_MONTHS,
      limits: { replicatingServers: 200, requestsPerSecond: 100, requestBurst: 500 },
      apiConcurrency: 20,
      longestRun: Duration.hours(12),
      emails: ['migrations@example.com'],
      rules: {
        Migrated: {
          description: 'Tells the portal what is migrated',
          eventPattern: { source: ['rehost'], detailType: ['Migration State Change'], detail: { to: ['MIGRATED'] } },
          targets: [new LambdaFunction(portal)],
        },
      },
    });
  }
}
