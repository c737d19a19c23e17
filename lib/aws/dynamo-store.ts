import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Entities, Kind } from '../domain/entities.ts';
import type { Change } from '../domain/transition.ts';
import {
  ConflictError,
  INDEXES,
  MAX_TRANSACTION_ITEMS,
  type Page,
  type Query,
  type Removal,
  type Store,
} from '../store.ts';

const DEFAULT_LIMIT = 1_000;
/** Between the parts of a position in an index; no id and no sort key holds it. */
const SEPARATOR = '\u0000';

/**
 * The store on one DynamoDB table. An entity is the item `<kind>#<id>` / `entity`, each of its events an item `event#<sequence>` beside it, whose insertion
 * the table's stream carries to the bus. A kind's indexes lie on two global indexes, in the order of their names in INDEXES.
 */
export class DynamoStore implements Store {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async get<K extends Kind>(kind: K, id: string): Promise<Entities[K] | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: marshall(keyOf(kind, id)), ConsistentRead: true }),
    );
    return Item && (JSON.parse(unmarshall(Item).data as string) as Entities[K]);
  }

  async query<K extends Kind>(
    kind: K,
    { index, partition, after, limit = DEFAULT_LIMIT, reverse = false }: Query<K>,
  ): Promise<Page<Entities[K]>> {
    const gsi = gsiOf(kind, index);
    const [sort = '', id = ''] = after?.split(SEPARATOR) ?? [];
    const start =
      after === undefined ? undefined : { ...keyOf(kind, id), ...placeOf(gsi, { kind, index, partition, sort, id }) };
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        IndexName: gsi,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': `${gsi}pk` },
        ExpressionAttributeValues: marshall({ ':pk': `${kind}#${index}#${partition}` }),
        ScanIndexForward: !reverse,
        Limit: limit,
        ...(start ? { ExclusiveStartKey: marshall(start) } : {}),
      }),
    );
    const next = LastEvaluatedKey && (unmarshall(LastEvaluatedKey)[`${gsi}sk`] as string);
    return {
      items: Items.map((item) => JSON.parse(unmarshall(item).data as string) as Entities[K]),
      ...(next ? { next } : {}),
    };
  }

  async transact(changes: readonly Change[], removals: readonly Removal[] = []): Promise<void> {
    const items = [
      ...changes.flatMap((change) => this.#writes(change)),
      ...removals.map((removal) => this.#removal(removal)),
    ];
    if (items.length > MAX_TRANSACTION_ITEMS)
      throw new Error(`a transaction of ${items.length} items; at most ${MAX_TRANSACTION_ITEMS} are allowed`);
    if (items.length === 0) return;
    try {
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems: items }));
    } catch (error) {
      if (isConflict(error))
        throw new ConflictError(
          `${changes.map(({ kind, entity }) => `${kind} ${entity.id}`).join(', ')}: changed by another writer`,
          { cause: error },
        );
      throw error;
    }
  }

  #writes({ kind, entity, events }: Change): TransactWriteItem[] {
    const version = entity.version + 1;
    const item = {
      ...keyOf(kind, entity.id),
      version,
      data: JSON.stringify({ ...entity, version }),
      ...placesOf(kind, entity),
    };
    return [
      {
        Put: {
          TableName: this.#table,
          Item: marshall(item),
          ...(entity.version === 0
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : this.#atVersion(entity.version)),
        },
      },
      ...events.map((event) => ({
        Put: {
          TableName: this.#table,
          Item: marshall(
            { pk: `${kind}#${entity.id}`, sk: `event#${event.id}`, event: event as object },
            { removeUndefinedValues: true },
          ),
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      })),
    ];
  }

  #removal({ kind, entity }: Removal): TransactWriteItem {
    return {
      Delete: { TableName: this.#table, Key: marshall(keyOf(kind, entity.id)), ...this.#atVersion(entity.version) },
    };
  }

  #atVersion(version: number) {
    return {
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: marshall({ ':version': version }),
    };
  }
}

const keyOf = (kind: Kind, id: string) => ({ pk: `${kind}#${id}`, sk: 'entity' });

const gsiOf = (kind: Kind, index: string) => `gsi${Object.keys(INDEXES[kind]).indexOf(index) + 1}`;

const placeOf = (
  gsi: string,
  { kind, index, partition, sort, id }: { kind: Kind; index: string; partition: string; sort: string; id: string },
) => ({
  [`${gsi}pk`]: `${kind}#${index}#${partition}`,
  [`${gsi}sk`]: `${sort}${SEPARATOR}${id}`,
});

/** The keys of the entity in the indexes of its kind. */
function placesOf(kind: Kind, entity: Change['entity']): Record<string, string> {
  const places = Object.entries(INDEXES[kind]).map(([index, rowOf]) => {
    const row = (rowOf as (entity: Change['entity']) => { partition: string; sort: string } | undefined)(entity);
    return row ? placeOf(gsiOf(kind, index), { kind, index, id: entity.id, ...row }) : {};
  });
  return Object.assign({}, ...places) as Record<string, string>;
}

/** A condition that did not hold, or another transaction on the same items at the same time. */
const isConflict = (error: unknown) =>
  error instanceof ConditionalCheckFailedException ||
  (error instanceof TransactionCanceledException &&
    (error.CancellationReasons ?? []).some(
      ({ Code }) => Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict',
    ));
