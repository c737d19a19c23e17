import { expect, test } from '@jest/globals';
import { meterProcess } from '../../scripts/cost/meter.ts';
import { BLOCKS, record } from '../../scripts/cost/record.ts';
import { invocationsOf, priceOf, report } from '../../scripts/cost/report.ts';

test('a recorded migration uses as much per server, however many applications of servers there are', async () => {
  meterProcess();
  const one = await record(2, 2);
  const three = await record(6, 2);
  expect(one).toMatchObject({ servers: 2, apps: 1, blockPuts: 2 * BLOCKS });
  expect(three).toMatchObject({ servers: 6, apps: 3, blockPuts: 6 * BLOCKS });
  // One import of the catalog serves all: a large migration is a little cheaper.
  expect(three.transitions / 6).toBeLessThanOrEqual(one.transitions / 2);
  expect(three.transitions / 6).toBeGreaterThan(0.8 * (one.transitions / 2));
  expect(invocationsOf(three) / 6).toBeLessThanOrEqual(invocationsOf(one) / 2);
  // Eight states of a run and four of its job's end, and those of the application's own workflows.
  expect(one.transitions).toBeGreaterThan(2 * 12);
  expect(one.events).toBeGreaterThan(one.publishedBatches);
  expect(priceOf(three) / 6).toBeGreaterThan(0);
  expect(report([one, three])).toMatch(/servers +2 +6\n/);
}, 60_000);
