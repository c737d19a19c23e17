import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccessKey } from '../../lib/domain/entities.ts';
import { unchanged } from '../../lib/domain/transition.ts';
import { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { eachPage } from '../../lib/store.ts';

const key = (id: string, createdAt = 0): AccessKey => ({
  id,
  version: 0,
  sequence: 0,
  secretAccessKey: 's',
  createdAt,
});
const event = (id: string) => ({ id, source: 'rehost', detailType: 't', at: 0, resources: [], detail: {} }) as const;

let store: SqliteStore;
beforeEach(() => {
  store = new SqliteStore(':memory:');
});
afterEach(() => store.close());

describe('a transaction', () => {
  test('writes the entity with the next version, and its events', async () => {
    await store.transact([{ kind: 'AccessKey', entity: key('a'), events: [event('a:1'), event('a:2')] }]);
    expect(await store.get('AccessKey', 'a')).toEqual({ ...key('a'), version: 1 });
    expect((await store.read(0, 10)).map(({ event: { id } }) => id)).toEqual(['a:1', 'a:2']);
  });

  test('fails when another writer was first, and writes nothing', async () => {
    await store.transact([unchanged('AccessKey', key('a'))]);
    const late = [unchanged('AccessKey', key('b')), { ...unchanged('AccessKey', key('a')), events: [event('x')] }];
    await expect(store.transact(late)).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await store.get('AccessKey', 'b')).toBeUndefined();
    expect(await store.read(0, 10)).toEqual([]);
  });

  test('of two at once on one version lets one through', async () => {
    await store.transact([unchanged('AccessKey', key('a'))]);
    const [first, second] = await Promise.allSettled(
      [1, 2].map((createdAt) => store.transact([unchanged('AccessKey', { ...key('a'), version: 1, createdAt })])),
    );
    expect([first!.status, second!.status]).toEqual(['fulfilled', 'rejected']);
    expect((await store.get('AccessKey', 'a'))!.createdAt).toBe(1);
  });

  test('fails with more than 100 items, as on DynamoDB', async () => {
    const changes = Array.from({ length: 101 }, (_, index) => unchanged('AccessKey', key(`k${index}`)));
    await expect(store.transact(changes)).rejects.toThrow('a transaction of 101 items; at most 100 are allowed');
  });

  test('fails whole when an event repeats a sequence', async () => {
    await store.transact([{ kind: 'AccessKey', entity: key('a'), events: [event('a:1')] }]);
    await expect(store.transact([{ kind: 'AccessKey', entity: key('b'), events: [event('a:1')] }])).rejects.toThrow(
      'UNIQUE',
    );
    expect(await store.get('AccessKey', 'b')).toBeUndefined();
  });
});

describe('a query', () => {
  const ids = (items: readonly AccessKey[]) => items.map(({ id }) => id);
  beforeEach(async () => {
    for (let index = 0; index < 10; index++) await store.transact([unchanged('AccessKey', key(`k${index}`, index))]);
  });

  test('answers pages in order, each where the last ended, while rows come and go', async () => {
    const first = await store.query('AccessKey', { index: 'all', partition: 'all', limit: 4 });
    expect(ids(first.items)).toEqual(['k0', 'k1', 'k2', 'k3']);
    await store.transact([], [{ kind: 'AccessKey', entity: { id: 'k1', version: 1 } }]);
    await store.transact([unchanged('AccessKey', key('early', 0))]);
    const second = await store.query('AccessKey', { index: 'all', partition: 'all', limit: 4, after: first.next! });
    expect(ids(second.items)).toEqual(['k4', 'k5', 'k6', 'k7']);
    const last = await store.query('AccessKey', { index: 'all', partition: 'all', limit: 4, after: second.next! });
    expect([ids(last.items), last.next]).toEqual([['k8', 'k9'], undefined]);
  });

  test('answers in reverse', async () => {
    const { items, next } = await store.query('AccessKey', { index: 'all', partition: 'all', limit: 2, reverse: true });
    expect(ids(items)).toEqual(['k9', 'k8']);
    expect(
      ids(
        (await store.query('AccessKey', { index: 'all', partition: 'all', limit: 2, reverse: true, after: next! }))
          .items,
      ),
    ).toEqual(['k7', 'k6']);
  });

  test('goes through all pages', async () => {
    const pages: number[] = [];
    for await (const page of eachPage(store, 'AccessKey', { index: 'all', partition: 'all', limit: 3 }))
      pages.push(page.length);
    expect(pages).toEqual([3, 3, 3, 1]);
  });

  test('follows an entity whose place in the index changes', async () => {
    await store.transact([unchanged('AccessKey', { ...key('k0', 99), version: 1 })]);
    const { items } = await store.query('AccessKey', { index: 'all', partition: 'all' });
    expect(ids(items).at(-1)).toBe('k0');
    expect(items).toHaveLength(10);
  });
});
