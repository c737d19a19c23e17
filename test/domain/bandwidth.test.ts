import { describe, expect, test } from '@jest/globals';
import { atMost, BandwidthError, nextChange, parseBandwidth, rateAt } from '../../lib/domain/bandwidth.ts';

const MIB = 2 ** 20;
/** In the machine's own time zone; November 2026 begins on a Sunday. */
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
const [SUN, MON, FRI, SAT] = [1, 2, 6, 7];

describe('a bandwidth', () => {
  test.each<[string[], [number, number][]]>([
    [[], [[at(MON, 9), Number.POSITIVE_INFINITY]]],
    [['20MiB'], [[at(MON, 9), 20 * MIB]]],
    [['100Mbit'], [[at(MON, 9), 12_500_000]]],
    [
      ['20MiB', '2MiB@mon-fri,08:00-18:00'],
      [
        [at(MON, 7, 59), 20 * MIB],
        [at(MON, 8), 2 * MIB],
        [at(FRI, 17, 59), 2 * MIB],
        [at(FRI, 18), 20 * MIB],
        [at(SAT, 9), 20 * MIB],
      ],
    ],
    [
      ['0', 'unlimited@22:00-06:00'],
      [
        [at(MON, 21, 59), 0],
        [at(MON, 22), Number.POSITIVE_INFINITY],
        [at(MON + 1, 5, 59), Number.POSITIVE_INFINITY],
        [at(MON + 1, 6), 0],
      ],
    ],
    // A window over midnight belongs to the day on which it begins.
    [
      ['1KiB', '5KiB@sun,23:00-01:00'],
      [
        [at(SUN, 23, 30), 5_120],
        [at(MON, 0, 30), 5_120],
        [at(MON, 23, 30), 1_024],
        [at(SUN, 0, 30), 1_024],
      ],
    ],
    [
      ['1GiB@sat-sun', '1MiB@mon-fri'],
      [
        [at(SUN, 23, 59), 1_024 * MIB],
        [at(MON, 0), MIB],
      ],
    ],
    // The first window counts.
    [
      ['1KiB@09:00-10:00', '2KiB@08:00-12:00'],
      [
        [at(MON, 9, 30), 1_024],
        [at(MON, 10), 2_048],
      ],
    ],
  ])('%j', (texts, rates) => {
    for (const [time, rate] of rates)
      expect([new Date(time), rateAt(parseBandwidth(texts), time)]).toEqual([new Date(time), rate]);
  });

  test('may change next at an end of a window', () => {
    const bandwidth = parseBandwidth(['2MiB@mon-fri,08:00-18:00']);
    expect(nextChange(bandwidth, at(MON, 3))).toBe(at(MON, 8));
    expect(nextChange(bandwidth, at(MON, 8))).toBe(at(MON, 18));
    expect(nextChange(bandwidth, at(MON, 18))).toBe(at(MON + 1, 8));
    expect(nextChange(parseBandwidth(['2MiB']), at(MON, 3))).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    ['fast', 'give bytes or bits a second as 20MiB or 100Mbit'],
    ['20', 'give bytes or bits'],
    ['-1MiB', 'give bytes or bits'],
    ['2MiB@25:00-26:00', '25:00 is no time of day'],
    ['2MiB@08:60-09:00', '08:60 is no time of day'],
    ['2MiB@08:00-08:00', 'the window has no length'],
    ['2MiB@lun-ven,08:00-18:00', 'the days are sun, mon'],
    ['2MiB@8-18', 'give bytes or bits'],
  ])('%s is refused with what to give', (text, message) => {
    expect(() => parseBandwidth([text])).toThrow(BandwidthError);
    expect(() => parseBandwidth([text])).toThrow(message);
  });

  test('is never faster than at most', () => {
    const bandwidth = atMost(parseBandwidth(['unlimited', '1KiB@08:00-09:00', '9GiB@10:00-11:00']), 5_000);
    expect([8, 9, 10].map((hour) => rateAt(bandwidth, at(MON, hour)))).toEqual([1_024, 5_000, 5_000]);
  });

  test('has one rate for all times', () => {
    expect(() => parseBandwidth(['1MiB', '2MiB'])).toThrow('there is a rate for all times already');
  });
});
