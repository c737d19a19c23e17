import { DynamoDBClient, TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { DynamoStore } from '../../lib/aws/dynamo-store.ts';
import type { AccessKey } from '../../lib/domain/connector.ts';
import { unchanged } from '../../lib/domain/transition.ts';

// moto has no transactions at once, and so no TransactionConflict.
const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamo = mockClient(client);
const store = new DynamoStore(client, 'table');
const change = unchanged('AccessKey', { id: 'a', version: 0, sequence: 0 } as AccessKey);
const cancelled = (...codes: string[]) =>
  new TransactionCanceledException({
    $metadata: {},
    message: 'cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

test('a transaction that only met another on its way is tried again', async () => {
  dynamo.reset();
  const collision = cancelled('None', 'TransactionConflict');
  dynamo.on(TransactWriteItemsCommand).rejectsOnce(collision).rejectsOnce(collision).resolves({});
  await store.transact([change]);
  expect(dynamo.commandCalls(TransactWriteItemsCommand)).toHaveLength(3);
});

test('a transaction whose condition failed as well is a conflict at once', async () => {
  dynamo.reset();
  dynamo.on(TransactWriteItemsCommand).rejects(cancelled('TransactionConflict', 'ConditionalCheckFailed'));
  await expect(store.transact([change])).rejects.toMatchObject({ name: 'ConflictError' });
  expect(dynamo.commandCalls(TransactWriteItemsCommand)).toHaveLength(1);
});

test('a transaction that meets others again and again is a conflict in the end', async () => {
  dynamo.reset();
  dynamo.on(TransactWriteItemsCommand).rejects(cancelled('TransactionConflict'));
  await expect(store.transact([change])).rejects.toMatchObject({ name: 'ConflictError' });
  expect(dynamo.commandCalls(TransactWriteItemsCommand)).toHaveLength(8);
});

test('a transaction that failed otherwise is not taken for a conflict', async () => {
  dynamo.reset();
  dynamo.on(TransactWriteItemsCommand).rejects(cancelled('ItemCollectionSizeLimitExceeded'));
  await expect(store.transact([change])).rejects.toMatchObject({ name: 'TransactionCanceledException' });
});
