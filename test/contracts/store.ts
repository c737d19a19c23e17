import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccessKey } from '../../lib/domain/connector.ts';
import type { App, Transfer } from '../../lib/domain/entities.ts';
import { NO_USAGE, used } from '../../lib/domain/replication-job.ts';
import { type Change, unchanged } from '../../lib/domain/transition.ts';
import { eachPage, type Query, type Store } from '../../lib/store.ts';

export interface OpenStore {
  readonly store: Store;
  /** The ids of the events that were published until now, in order. */
  events(): Promise<string[]>;
  close(): Promise<void>;
}

const key = (id: string, createdAt = 0): AccessKey => ({
  id,
  version: 0,
  sequence: 0,
  secretAccessKey: 's',
  createdAt,
});
const event = (id: string) => ({ id, source: 'rehost', detailType: 't', at: 0, resources: [], detail: {} }) as const;
const keyChange = (entity: AccessKey, ...events: string[]): Change => ({
  kind: 'AccessKey',
  entity,
  events: events.map(event),
});

/** What every store must do. Each test has ids of its own, so that one table serves all. */
export function storeContract(open: () => Promise<OpenStore>) {
  let opened: OpenStore;
  let store: Store;
  let prefix = '';
  let count = 0;
  const id = (name: string | number) => `${prefix}${name}`;

  beforeAll(async () => {
    opened = await open();
    store = opened.store;
  });
  afterAll(() => opened?.close());
  beforeEach(() => {
    prefix = `t${++count}-`;
  });

  describe('a transaction', () => {
    test('writes the entity with the next version, and its events in order', async () => {
      await store.transact([keyChange(key(id('a')), id('a:1'), id('a:2'))]);
      expect(await store.get('AccessKey', id('a'))).toEqual({ ...key(id('a')), version: 1 });
      await store.transact([keyChange({ ...key(id('a')), version: 1, disabled: true }, id('a:3'))]);
      expect(await store.get('AccessKey', id('a'))).toEqual({ ...key(id('a')), version: 2, disabled: true });
      const own = (await opened.events()).filter((one) => one.startsWith(prefix));
      expect(own).toEqual([id('a:1'), id('a:2'), id('a:3')]);
    });

    test('answers nothing of what is not there', async () => {
      expect(await store.get('AccessKey', id('a'))).toBeUndefined();
    });

    test('fails when another writer was first, and writes nothing', async () => {
      await store.transact([keyChange(key(id('a')))]);
      for (const late of [key(id('a')), { ...key(id('a')), version: 2 }]) {
        const changes = [keyChange(key(id('b'))), keyChange(late, id('x'))];
        await expect(store.transact(changes)).rejects.toMatchObject({ name: 'ConflictError' });
      }
      expect(await store.get('AccessKey', id('b'))).toBeUndefined();
      expect(await opened.events()).not.toContain(id('x'));
    });

    test('of several at once on one version lets one through', async () => {
      await store.transact([keyChange(key(id('a')))]);
      const results = await Promise.allSettled(
        [1, 2, 3, 4].map((createdAt) => store.transact([keyChange({ ...key(id('a')), version: 1, createdAt })])),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await store.get('AccessKey', id('a')))!.version).toBe(2);
    });

    test('takes 100 items, events among them, and no more', async () => {
      const changes = Array.from({ length: 50 }, (_, index) => keyChange(key(id(index)), id(`${index}:1`)));
      await expect(store.transact([...changes, keyChange(key(id('one too many')))])).rejects.toThrow(
        'a transaction of 101 items; at most 100 are allowed',
      );
      expect(await store.get('AccessKey', id(0))).toBeUndefined();
      await store.transact(changes);
      expect(await store.get('AccessKey', id(49))).toBeDefined();
      expect((await opened.events()).filter((one) => one.startsWith(prefix))).toHaveLength(50);
    });

    test('fails whole when an event repeats a sequence', async () => {
      await store.transact([keyChange(key(id('a')), id('a:1'))]);
      const again = [keyChange(key(id('b'))), keyChange({ ...key(id('a')), version: 1 }, id('a:1'))];
      await expect(store.transact(again)).rejects.toThrow();
      expect(await store.get('AccessKey', id('b'))).toBeUndefined();
    });

    test('removes what it names at its version, and only then', async () => {
      await store.transact([keyChange(key(id('a')))]);
      const removal = (version: number) => [{ kind: 'AccessKey', entity: { id: id('a'), version } }] as const;
      await expect(store.transact([], removal(2))).rejects.toMatchObject({ name: 'ConflictError' });
      await store.transact([keyChange(key(id('b')))], removal(1));
      expect(await store.get('AccessKey', id('a'))).toBeUndefined();
      await expect(store.transact([], removal(1))).rejects.toMatchObject({ name: 'ConflictError' });
    });

    test('does nothing when there is nothing to write', async () => {
      await store.transact([]);
    });
  });

  describe('numbers that many add to', () => {
    const usage = () => ({ ...NO_USAGE, id: id('usage') });

    test('add up, whoever read them last', async () => {
      await Promise.all(Array.from({ length: 12 }, () => store.transact([used(usage(), { servers: 2, apps: 1 })])));
      await store.transact([used(usage(), { servers: -3 })]);
      expect(await store.get('Usage', id('usage'))).toEqual({
        ...usage(),
        version: 13,
        replicatingServers: 21,
        replicatingApps: 12,
      });
    });

    test('stop at their bound, among callers at once too', async () => {
      const limits = { replicatingServers: 5, replicatingApps: 1 };
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          store.transact([keyChange(key(id(index))), used(usage(), { servers: 1 }, limits)]),
        ),
      );
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused.map(({ reason }) => (reason as Error).name)).toEqual(Array(3).fill('ConflictError'));
      expect(await store.get('Usage', id('usage'))).toMatchObject({ replicatingServers: 5, replicatingApps: 0 });
      await store.transact([used(usage(), { servers: -5 }, limits)]);
      expect(await store.get('Usage', id('usage'))).toMatchObject({ replicatingServers: 0 });
    });
  });

  describe('a query', () => {
    const transfer = (name: string, state: Transfer['state'], version = 0) =>
      unchanged('Transfer', { id: id(name), version, sequence: 0, state } as Transfer);
    const job = (name: string, createdAt: number) =>
      unchanged('ReplicationJob', { id: id(name), version: 0, sequence: 0, appId: id('app'), createdAt } as never);
    const query: () => Query<'ReplicationJob'> = () => ({ index: 'byApp', partition: id('app') });
    const names = (items: readonly { id: string }[]) => items.map((item) => item.id.slice(prefix.length));

    test('answers pages in order, each where the last ended, while rows come and go', async () => {
      for (let index = 0; index < 10; index++) await store.transact([job(`k${index}`, index)]);
      const first = await store.query('ReplicationJob', { ...query(), limit: 4 });
      expect(names(first.items)).toEqual(['k0', 'k1', 'k2', 'k3']);
      await store.transact([job('early', 0)], [{ kind: 'ReplicationJob', entity: { id: id('k1'), version: 1 } }]);
      const second = await store.query('ReplicationJob', { ...query(), limit: 4, after: first.next! });
      expect(names(second.items)).toEqual(['k4', 'k5', 'k6', 'k7']);
      const last = await store.query('ReplicationJob', { ...query(), limit: 4, after: second.next! });
      expect([names(last.items), last.next]).toEqual([['k8', 'k9'], undefined]);
    });

    test('answers in reverse, page by page', async () => {
      for (let index = 0; index < 5; index++) await store.transact([job(`k${index}`, index)]);
      const { items, next } = await store.query('ReplicationJob', { ...query(), limit: 2, reverse: true });
      expect(names(items)).toEqual(['k4', 'k3']);
      const rest = await store.query('ReplicationJob', { ...query(), limit: 2, reverse: true, after: next! });
      expect(names(rest.items)).toEqual(['k2', 'k1']);
    });

    test('orders rows of one time by their ids', async () => {
      for (const name of ['c', 'a', 'b']) await store.transact([job(name, 7)]);
      const page = async (after?: string) =>
        store.query('ReplicationJob', { ...query(), limit: 1, ...(after ? { after } : {}) });
      const first = await page();
      const second = await page(first.next);
      expect(names([...first.items, ...second.items])).toEqual(['a', 'b']);
    });

    test('goes through all pages, and has no empty one after a full one', async () => {
      for (let index = 0; index < 6; index++) await store.transact([job(`k${index}`, index)]);
      const pages: number[] = [];
      for await (const page of eachPage(store, 'ReplicationJob', { ...query(), limit: 3 })) pages.push(page.length);
      expect(pages).toEqual([3, 3]);
    });

    test('answers a page as large as was asked for, however large its rows', async () => {
      const large = (index: number): Change =>
        unchanged('ReplicationJob', {
          ...(job(`k${index}`, index).entity as object),
          description: 'x'.repeat(300_000),
        } as never);
      for (let index = 0; index < 6; index++) await store.transact([large(index)]);
      const { items, next } = await store.query('ReplicationJob', { ...query(), limit: 6 });
      expect([items.length, next]).toEqual([6, undefined]);
    });

    test('follows an entity from one partition to another, and out of the index', async () => {
      const states = async () =>
        Promise.all(
          (['QUEUED', 'CLAIMED'] as const).map(async (partition) => {
            const { items } = await store.query('Transfer', { index: 'byState', partition });
            return names(items.filter((item) => item.id.startsWith(prefix)));
          }),
        );
      await store.transact([transfer('a', 'QUEUED'), transfer('b', 'QUEUED')]);
      expect(await states()).toEqual([['a', 'b'], []]);
      await store.transact([transfer('a', 'CLAIMED', 1)]);
      expect(await states()).toEqual([['b'], ['a']]);

      const app = (status: App['status'], version: number) =>
        unchanged('App', { id: id('app'), version, sequence: 0, status, creationTime: 1 } as App);
      const apps = async () =>
        names((await store.query('App', { index: 'all', partition: 'all' })).items).filter((name) => name === 'app');
      await store.transact([app('ACTIVE', 0)]);
      expect(await apps()).toEqual(['app']);
      await store.transact([app('DELETED', 1)]);
      expect(await apps()).toEqual([]);
    });

    test('answers nothing of an empty partition', async () => {
      expect(await store.query('ReplicationJob', query())).toEqual({ items: [] });
    });
  });
}
