import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Bandwidth, parseBandwidth, rateAt } from '../../lib/domain/bandwidth.ts';
import { Pacer } from '../../lib/replication/pacer.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const blocksPerSecond = (blocks: number): Bandwidth => ({ windows: [], bytesPerSecond: blocks * BLOCK_SIZE });

/** Lets so many blocks go one after the other; answers when each went, in milliseconds from the start. */
async function times(
  bandwidth: Bandwidth,
  { blocks, for: ms, start }: { blocks: number; for: number; start?: number },
) {
  const clock = new VirtualClock(start);
  const begin = clock.now();
  const pacer = new Pacer(bandwidth, clock);
  const went: number[] = [];
  for (let block = 0; block < blocks; block++) void pacer.turn().then(() => went.push(clock.now() - begin));
  await clock.advance(ms, settle);
  return went;
}

describe('a pacer', () => {
  test('lets blocks go one by one at the rate, exactly', async () => {
    expect(await times(blocksPerSecond(2), { blocks: 6, for: 2_400 })).toEqual([0, 500, 1_000, 1_500, 2_000]);
    expect(await times(blocksPerSecond(0.1), { blocks: 3, for: 20_000 })).toEqual([0, 10_000, 20_000]);
  });

  test('catches up on a quarter of a second after a pause, not on more', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(blocksPerSecond(100), clock);
    await clock.advance(3_600_000, settle);
    let went = 0;
    for (let block = 0; block < 100; block++) void pacer.turn().then(() => went++);
    await settle();
    expect(went).toBe(25);
  });

  test('changes its rate in the middle of a wait', async () => {
    const start = new Date(2026, 10, 2, 7, 59, 58).getTime();
    const bandwidth = parseBandwidth(['512KiB', '0@08:00-08:01', 'unlimited@08:02-09:00']);
    const went = await times(bandwidth, { blocks: 100, for: 200_000, start });
    // One a second, and the block whose second was cut by the pause; then nothing for a minute, and from 8:02 on all that is left.
    expect(went.slice(0, 3)).toEqual([0, 1_000, 63_000]);
    expect(went[60]).toBe(121_000);
    expect(went[61]).toBe(122_000);
    expect(went).toHaveLength(100);
  });

  test('gives back the turn of one who no longer waits', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(blocksPerSecond(1), clock);
    const stop = new AbortController();
    const went: string[] = [];
    await pacer.turn();
    const first = pacer.turn(stop.signal).catch((error: Error) => went.push(error.name));
    void pacer.turn().then(() => went.push('second'));
    stop.abort();
    await first;
    await clock.advance(1_000, settle);
    expect(went).toEqual(['AbortError', 'second']);
    await expect(pacer.turn(stop.signal)).rejects.toThrow();
  });

  test('never lets more go than the rate and a short burst, whenever they come', async () => {
    const arrivals = fc.array(fc.record({ pause: fc.nat(3_000), blocks: fc.nat(8) }), { maxLength: 12 });
    const property = fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 40 }), async (waves, rate) => {
      const clock = new VirtualClock();
      const bandwidth = blocksPerSecond(rate / 4);
      const pacer = new Pacer(bandwidth, clock);
      const went: number[] = [];
      for (const { pause, blocks } of waves) {
        for (let block = 0; block < blocks; block++) void pacer.turn().then(() => went.push(clock.now()));
        await clock.advance(pause, settle);
      }
      const burst = Math.max(1, rateAt(bandwidth, 0) / BLOCK_SIZE / 4);
      for (const [first, from] of went.entries())
        for (let last = first; last < went.length; last++)
          expect(last - first + 1).toBeLessThanOrEqual(((went[last]! - from) / 1_000) * (rate / 4) + burst + 1e-6);
      await clock.advance(1_000_000, settle);
      expect(went).toHaveLength(waves.reduce((sum, { blocks }) => sum + blocks, 0));
    });
    await fc.assert(property, { numRuns: 40 });
  });
});
