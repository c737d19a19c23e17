const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since the epoch of an RFC 3339 timestamp with upper-case T and Z; undefined for anything else, such as February 30th. */
export function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, ...number[]];
  const local = new Date(0);
  local.setUTCFullYear(year, month! - 1, day);
  const isDate = local.getUTCMonth() === month! - 1 && local.getUTCDate() === day;
  if (!isDate || hour! > 23 || minute! > 59 || second! > 59) return undefined;
  local.setUTCHours(hour!, minute, second, Math.trunc(Number(`0.${match[7] ?? 0}`) * 1_000));
  return local.getTime() - offsetOf(match) * 60_000;
}

/** Minutes east of Greenwich. */
function offsetOf([, , , , , , , , sign, hours, minutes]: RegExpExecArray): number {
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
