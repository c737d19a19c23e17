import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, Billing, StreamViewType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { EventPublisher } from './event-publisher.ts';
import { BundledFunction } from './function.ts';

/** The table, the API, the bus and what carries events from one to the other. */
export class ServiceStack extends Stack {
  readonly table: TableV2;
  readonly bus: EventBus;
  readonly bucket: Bucket;
  readonly api: BundledFunction;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    this.table = table(this);
    this.bus = new EventBus(this, 'Bus', { eventBusName: 'rehost' });
    new EventPublisher(this, 'Events', { table: this.table, bus: this.bus });

    this.bucket = new Bucket(this, 'Bucket', {
      bucketName: `sms-app-${this.account}-${this.region}`,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const secret = new Secret(this, 'PageTokenSecret', { description: 'Signs the pagination tokens of the API' });
    const environment = { TABLE: this.table.tableName, ACCOUNT: this.account, PAGE_TOKEN_SECRET: secret.secretArn };
    this.api = new BundledFunction(this, 'Api', { environment });
    // Callers sign for SMS, as its clients do, and the API verifies that itself: IAM cannot, for it would expect the service name `lambda`.
    this.api.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    this.table.grantReadWriteData(this.api.function);
    this.bucket.grantReadWrite(this.api.function);
    secret.grantRead(this.api.function);
  }
}

/** One table for all: entities and their events, two indexes that every kind shares, a stream of what is written. */
function table(scope: Construct): TableV2 {
  const text = (name: string) => ({ name, type: AttributeType.STRING });
  return new TableV2(scope, 'Table', {
    partitionKey: text('pk'),
    sortKey: text('sk'),
    globalSecondaryIndexes: ['gsi1', 'gsi2'].map((indexName) => ({
      indexName,
      partitionKey: text(`${indexName}pk`),
      sortKey: text(`${indexName}sk`),
    })),
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    dynamoStream: StreamViewType.NEW_IMAGE,
    // The attribute of lib/aws/dynamo-items.ts.
    timeToLiveAttribute: 'ttl',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
}
