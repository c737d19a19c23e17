const MULTIPLIER = 0x5deece66dn;
const MASK = (1n << 48n) - 1n;

/** The first number in [0, 1) of Java's Random with this seed, bit for bit: what AWS answers for a seeded random number. */
export function javaRandom(seed: number): number {
  let state = (BigInt(Math.trunc(seed)) ^ MULTIPLIER) & MASK;
  const next = (bits: bigint) => {
    state = (state * MULTIPLIER + 0xbn) & MASK;
    return state >> (48n - bits);
  };
  const high = next(26n) << 27n;
  return Number(high + next(27n)) / 2 ** 53;
}
