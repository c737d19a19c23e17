import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDispatcher } from '../../lib/api/dispatch.ts';
import type { HttpRequest } from '../../lib/api/http.ts';
import { smsApi } from '../../lib/api/sms/api.ts';
import { DEFAULT_CONFIG } from '../../lib/config.ts';
import { SqliteStore } from '../../lib/local/sqlite-store.ts';
import type { Services } from '../../lib/ports.ts';
import { malformed, wrongSignature } from './malformed.ts';
import { ask, KEY, NOW, requestOf } from './stub-service.ts';

/** FUZZ_REQUESTS gives more than the suite's own 20,000. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 20_000);
/** Signing costs most of the time; these are so many. */
const SIGNED = REQUESTS / 10;

/** A port that no refused request may reach. */
const untouched = (name: string) =>
  new Proxy(
    {},
    {
      get() {
        throw new Error(`${name} was used`);
      },
    },
  ) as never;

function service(store: SqliteStore) {
  let ids = 0;
  const services: Services = {
    config: DEFAULT_CONFIG,
    store,
    workflows: untouched('workflows'),
    objects: untouched('objects'),
    snapshots: untouched('snapshots'),
    images: untouched('images'),
    stacks: untouched('stacks'),
    commands: untouched('commands'),
    connectors: untouched('connectors'),
    tokenSecret: 'secret',
    clock: { now: () => NOW, setTimer: untouched('timer') },
    newId: (prefix, digits) => `${prefix}-${String(ids++).padStart(digits, '0')}`,
    log: () => {},
  };
  const keyOf = async (id: string) => (id === KEY.accessKeyId ? KEY : undefined);
  const common = { apis: [smsApi(services)], newRequestId: () => 'request-1', log: console.error };
  return {
    open: createDispatcher(common),
    closed: createDispatcher({ ...common, verifier: { keyOf, now: () => NOW } }),
  };
}

async function contents(store: SqliteStore) {
  const events = await store.read(0, 1_000);
  const apps = await store.query('App', { index: 'all', partition: 'all' });
  return JSON.stringify([events, apps]);
}

test(`${REQUESTS} malformed requests meet only refusals, and change nothing`, async () => {
  const store = new SqliteStore(':memory:');
  const { open, closed } = service(store);
  for (const name of ['web', 'database']) await open(requestOf('CreateApp', { name, clientToken: name }));
  const before = await contents(store);
  const refused = async (handle: typeof open, request: HttpRequest) => {
    const { status, __type = '', message = '' } = await ask(handle, request);
    if (status < 400 || status > 499 || !__type || !message || message.length > 2_000)
      throw new Error(`answered ${status} ${__type}: ${message}`);
  };
  await fc.assert(
    fc.asyncProperty(malformed, (request) => refused(open, request)),
    { numRuns: REQUESTS - SIGNED },
  );
  await fc.assert(
    fc.asyncProperty(wrongSignature, async (make) => refused(closed, await make())),
    { numRuns: SIGNED },
  );
  expect(await contents(store)).toBe(before);
  store.close();
}, 60_000);
