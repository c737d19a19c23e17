import { expect, test } from '@jest/globals';
import { javaRandom } from '../../../lib/engine/language/java-random.ts';

test.each([
  [0, 0.730967787376657],
  [42, 0.7275636800328681],
])('the first number of seed %d', (seed, value) => {
  expect(javaRandom(seed)).toBeCloseTo(value, 12);
});
