import { AttributeType, Billing, StreamViewType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** One table for all: entities and their events, two indexes that every kind shares, a stream of what is written. */
export function table(scope: Construct, { encryptionKey, removalPolicy }: Settings): TableV2 {
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
    encryption: encryptionKey ? TableEncryptionV2.customerManagedKey(encryptionKey) : TableEncryptionV2.awsManagedKey(),
    dynamoStream: StreamViewType.NEW_IMAGE,
    // The attribute of lib/aws/dynamo-items.ts.
    timeToLiveAttribute: 'expiresAt',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: removalPolicy === 'retain',
    removalPolicy,
  });
}
