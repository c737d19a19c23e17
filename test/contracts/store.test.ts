import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { describe } from '@jest/globals';
import { DynamoStore } from '../../lib/aws/dynamo-store.ts';
import { eventOf } from '../../lib/aws/stream-events.ts';
import { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { openStream } from '../simulators/stream-reader.ts';
import { describeOnAws, openAws, uniqueName } from '../support/aws.ts';
import { createTable, deleteTable } from '../support/table.ts';
import { storeContract } from './store.ts';

describe('SqliteStore', () => {
  storeContract(async () => {
    const store = new SqliteStore(':memory:');
    return {
      store,
      events: async () => (await store.read(0, 10_000)).map(({ event }) => event.id),
      close: async () => store.close(),
    };
  });
});

describeOnAws('DynamoStore', () => {
  storeContract(async () => {
    const account = await openAws();
    const client = new DynamoDBClient(account.config);
    const table = uniqueName('rehost-contract');
    const read = await openStream(new DynamoDBStreamsClient(account.config), await createTable(client, table));
    const published: string[] = [];
    return {
      store: new DynamoStore(client, table),
      async events() {
        published.push(...(await read()).flatMap((record) => eventOf(record)?.id ?? []));
        return published;
      },
      async close() {
        await deleteTable(client, table);
        await account.close();
      },
    };
  });
});
