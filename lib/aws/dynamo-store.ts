import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
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
import { ConflictError, MAX_TRANSACTION_ITEMS, type Page, type Query, type Removal, type Store } from '../store.ts';
import { entityOf, gsiOf, keyOf, partitionOf, placeOf, removalOf, writesOf } from './dynamo-items.ts';

const DEFAULT_LIMIT = 1_000;
/** Times that a transaction is tried that met another one on its way: none of its conditions failed, so nothing has to be read again. */
const COLLISIONS = 8;
/** Milliseconds before the second try, at most; twice as many before each further one. */
const FIRST_PAUSE = 20;

/**
 * The store on one DynamoDB table. An entity is the item `<kind>#<id>` / `entity`, each of its events an item `event#<sequence>` beside it, whose insertion
 * the table's stream carries to the bus. A kind's indexes lie on two global indexes, in the order of their names in INDEXES. Those are eventually
 * consistent: what was written a moment ago may be missing from a query, never from `get`.
 */
export class DynamoStore implements Store {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #trace: () => string | undefined;

  /** `trace` tells what is being traced when something is written. */
  constructor(client: DynamoDBClient, table: string, trace: () => string | undefined = () => undefined) {
    this.#client = client;
    this.#table = table;
    this.#trace = trace;
  }

  async get<K extends Kind>(kind: K, id: string): Promise<Entities[K] | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: marshall(keyOf(kind, id)), ConsistentRead: true }),
    );
    return Item && entityOf<K>(Item);
  }

  async query<K extends Kind>(kind: K, query: Query<K>): Promise<Page<Entities[K]>> {
    const { limit = DEFAULT_LIMIT, after } = query;
    const gsi = gsiOf(kind, query.index);
    const rows: Record<string, AttributeValue>[] = [];
    // One row more than asked for tells whether there is a next page; DynamoDB ends a page of its own at 1 MB.
    for (let start = after; rows.length <= limit; ) {
      const { Items = [], LastEvaluatedKey } = await this.#page(kind, query, { start, limit: limit + 1 - rows.length });
      rows.push(...Items);
      if (!LastEvaluatedKey) break;
      start = unmarshall(LastEvaluatedKey)[`${gsi}sk`] as string;
    }
    const page = rows.slice(0, limit);
    const last = page.at(-1)?.[`${gsi}sk`]?.S;
    return { items: page.map((row) => entityOf<K>(row)), ...(rows.length > limit && last ? { next: last } : {}) };
  }

  #page<K extends Kind>(kind: K, query: Query<K>, { start, limit }: { start: string | undefined; limit: number }) {
    const { index, partition, reverse = false } = query;
    const gsi = gsiOf(kind, index);
    const after = start === undefined ? {} : { ExclusiveStartKey: marshall(placeOf(kind, query, start)) };
    return this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        IndexName: gsi,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': `${gsi}pk` },
        ExpressionAttributeValues: marshall({ ':pk': partitionOf(kind, { index, partition }) }),
        ScanIndexForward: !reverse,
        Limit: limit,
        ...after,
      }),
    );
  }

  async transact(changes: readonly Change[], removals: readonly Removal[] = []): Promise<void> {
    const trace = this.#trace();
    const items = [
      ...changes.flatMap((change) => writesOf(this.#table, change, trace)),
      ...removals.map((removal) => removalOf(this.#table, removal)),
    ];
    if (items.length > MAX_TRANSACTION_ITEMS)
      throw new Error(`a transaction of ${items.length} items; at most ${MAX_TRANSACTION_ITEMS} are allowed`);
    if (items.length === 0) return;
    try {
      await this.#write(items);
    } catch (error) {
      if (!isConflict(error)) throw error;
      const names = [...changes, ...removals].map(({ kind, entity }) => `${kind} ${entity.id}`);
      throw new ConflictError(`${names.join(', ')}: changed by another writer`, { cause: error });
    }
  }

  async #write(items: TransactWriteItem[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send(new TransactWriteItemsCommand({ TransactItems: items }));
        return;
      } catch (error) {
        if (!isCollision(error) || attempt === COLLISIONS) throw error;
        await sleep(Math.random() * FIRST_PAUSE * 2 ** (attempt - 1));
      }
    }
  }
}

const reasonsOf = (error: unknown) =>
  error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []).map(({ Code }) => Code) : [];

/** A condition that did not hold, or another transaction on the same items at the same time. */
const isConflict = (error: unknown) =>
  reasonsOf(error).some((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict');

/** Another transaction on the same items, and no condition that failed. */
const isCollision = (error: unknown) => isConflict(error) && !reasonsOf(error).includes('ConditionalCheckFailed');
