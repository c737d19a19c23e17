import { throttled } from './errors.ts';

/** A token bucket per access key: `rate` requests a second for long, `burst` at once. Times are milliseconds. */
export function throttle({ rate, burst }: { rate: number; burst: number }, now: () => number) {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (accessKeyId: string) => {
    const time = now();
    const { tokens, at } = buckets.get(accessKeyId) ?? { tokens: burst, at: time };
    const left = Math.min(burst, tokens + ((time - at) / 1_000) * rate) - 1;
    if (left < 0)
      throw throttled(
        `access key ${accessKeyId} makes more than ${rate} requests a second; wait ${Math.ceil(-left / rate)} s and try again`,
      );
    buckets.set(accessKeyId, { tokens: left, at: time });
  };
}
