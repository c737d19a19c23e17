import { throttled } from './errors.ts';

/** A token bucket per access key: `rate` requests a second for long, `burst` at once. Only keys that are known here get a bucket. */
export function throttle({ rate, burst }: { rate: number; burst: number }, now: () => number) {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (accessKeyId: string) => {
    const time = now();
    const { tokens, at } = buckets.get(accessKeyId) ?? { tokens: burst, at: time };
    // A clock that was set back gives nothing and takes nothing.
    const left = Math.min(burst, tokens + (Math.max(0, time - at) / 1_000) * rate) - 1;
    if (left < 0) {
      const seconds = Math.ceil(-left / rate);
      throw throttled(
        `access key ${accessKeyId} makes more than ${rate} requests a second; try again in ${seconds} s`,
        seconds,
      );
    }
    buckets.set(accessKeyId, { tokens: left, at: time });
  };
}
