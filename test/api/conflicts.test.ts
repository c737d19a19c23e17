import { expect, test } from '@jest/globals';
import { retryingConflicts } from '../../lib/api/conflicts.ts';
import { ConflictError } from '../../lib/store.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A number that is written on condition of its version, as the store does. */
function counter() {
  let version = 0;
  let attempts = 0;
  return {
    read: () => ({ version, attempts }),
    async increment() {
      attempts++;
      const read = version;
      await turn();
      if (version !== read) throw new ConflictError('counter');
      version++;
    },
  };
}

test('of a hundred callers that change the same row, all get through, with two attempts each', async () => {
  const row = counter();
  const attempt = retryingConflicts();
  await Promise.all(Array.from({ length: 100 }, () => attempt('CreateReplicationJob', row.increment)));
  expect(row.read()).toEqual({ version: 100, attempts: 199 });
});

test('gets through beside callers that come all the time', async () => {
  const row = counter();
  const attempt = retryingConflicts();
  const caller = async () => {
    for (let call = 0; call < 20; call++) await attempt('CreateReplicationJob', row.increment);
  };
  await Promise.all(Array.from({ length: 20 }, caller));
  expect(row.read().version).toBe(400);
});

test('throws what is no conflict at once', async () => {
  let attempts = 0;
  const run = () => {
    attempts++;
    return Promise.reject(new Error('disk full'));
  };
  await expect(retryingConflicts()('GetApp', run)).rejects.toThrow('disk full');
  expect(attempts).toBe(1);
});

test('gives up when others never stop, and lets the next have its turn', async () => {
  const attempt = retryingConflicts();
  const lost = attempt('UpdateApp', () => Promise.reject(new ConflictError('app-1')));
  await expect(lost).rejects.toMatchObject({
    type: 'TemporarilyUnavailableException',
    status: 500,
    message: 'UpdateApp: others keep changing the same things; try again in a moment',
  });
  expect(await attempt('UpdateApp', async () => 'done')).toBe('done');
});
