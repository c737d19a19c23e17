/** How fast blocks may be sent, by day and hour of the machine's local time. */
export interface Bandwidth {
  /** Outside of the windows; as fast as it goes where it is absent. */
  readonly bytesPerSecond?: number;
  /** The first that the time lies in decides. */
  readonly windows: readonly BandwidthWindow[];
}

export interface BandwidthWindow {
  /** Days on which it begins: 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight. */
  readonly from: number;
  /** Minutes since midnight, of the next day where it is not after `from`. */
  readonly to: number;
  /** 0: nothing is sent; Infinity: as fast as it goes. */
  readonly bytesPerSecond: number;
}

export const UNLIMITED: Bandwidth = { windows: [] };

const DAY = 24 * 60;

/** Bytes a second that may be sent at the time; Infinity where there is no limit. */
export function rateAt({ bytesPerSecond = Number.POSITIVE_INFINITY, windows }: Bandwidth, at: number): number {
  return windows.find((window) => isIn(window, new Date(at)))?.bytesPerSecond ?? bytesPerSecond;
}

function isIn({ days, from, to }: BandwidthWindow, at: Date): boolean {
  const minute = at.getHours() * 60 + at.getMinutes();
  const today = at.getDay();
  if (from < to) return days.includes(today) && minute >= from && minute < to;
  return (days.includes(today) && minute >= from) || (days.includes((today + 6) % 7) && minute < to);
}

/** When the rate may change next, after `at`; Infinity when it never does. */
export function nextChange({ windows }: Bandwidth, at: number): number {
  const day = new Date(at);
  const minutes = windows.flatMap(({ from, to }) => [from, to]);
  const times = [0, DAY].flatMap((later) =>
    minutes.map((minute) => new Date(day.getFullYear(), day.getMonth(), day.getDate(), 0, minute + later).getTime()),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...times.filter((time) => time > at));
}

/** The same, but never faster. */
export const atMost = ({ bytesPerSecond = Number.POSITIVE_INFINITY, windows }: Bandwidth, most: number): Bandwidth => ({
  bytesPerSecond: Math.min(bytesPerSecond, most),
  windows: windows.map((window) => ({ ...window, bytesPerSecond: Math.min(window.bytesPerSecond, most) })),
});

/** A text that says no bandwidth; the message says what one looks like. */
export class BandwidthError extends Error {
  override readonly name = 'BandwidthError';
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const UNITS: Readonly<Record<string, number>> = {
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  Kbit: 1e3 / 8,
  Mbit: 1e6 / 8,
  Gbit: 1e9 / 8,
};
const FORM = /^(?<rate>[^@]+)(@((?<days>[a-z]{3}(-[a-z]{3})?)(,|$))?(?<hours>\d\d:\d\d-\d\d:\d\d)?)?$/;

/**
 * Reads rates a second, each for all times (`20MiB`) or for a window (`2MiB@mon-fri,08:00-18:00`, `unlimited@sat-sun`, `0@09:00-10:00`). Throws
 * BandwidthError.
 */
export function parseBandwidth(texts: readonly string[]): Bandwidth {
  const windows: BandwidthWindow[] = [];
  let all: number | undefined;
  for (const text of texts) {
    const { rate = '', days, hours } = FORM.exec(text)?.groups ?? {};
    const bytesPerSecond = parseRate(rate, text);
    if (text.includes('@')) windows.push({ ...parseWindow({ days, hours }, text), bytesPerSecond });
    else if (all === undefined) all = bytesPerSecond;
    else
      throw new BandwidthError(
        `${text}: there is a rate for all times already; give this one a window, as @08:00-18:00`,
      );
  }
  return { windows, ...(all === undefined || all === Number.POSITIVE_INFINITY ? {} : { bytesPerSecond: all }) };
}

function parseRate(rate: string, text: string): number {
  if (rate === 'unlimited') return Number.POSITIVE_INFINITY;
  if (rate === '0') return 0;
  const [, figure, unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(rate) ?? [];
  const bytes = Number(figure) * (UNITS[unit] ?? Number.NaN);
  if (bytes > 0) return bytes;
  throw new BandwidthError(
    `${text}: give bytes or bits a second as 20MiB or 100Mbit, 0 or unlimited; for certain times 2MiB@mon-fri,08:00-18:00`,
  );
}

function parseWindow({ days, hours }: Record<'days' | 'hours', string | undefined>, text: string) {
  const [from, to] = (hours ?? '00:00-24:00').split('-').map((time) => {
    const [hour, minute] = time.split(':').map(Number) as [number, number];
    const minutes = hour * 60 + minute;
    if (minute > 59 || minutes > DAY) throw new BandwidthError(`${text}: ${time} is no time of day`);
    return minutes;
  }) as [number, number];
  if (from === to) throw new BandwidthError(`${text}: the window has no length`);
  return { days: parseDays(days ?? 'sun-sat', text), from, to };
}

function parseDays(text: string, whole: string): number[] {
  const [first, last] = text.split('-').map((day) => DAYS.indexOf(day)) as [number, number | undefined];
  if (first < 0 || last === -1) throw new BandwidthError(`${whole}: the days are ${DAYS.join(', ')}`);
  const length = last === undefined ? 1 : ((last - first + 7) % 7) + 1;
  return Array.from({ length }, (_, day) => (first + day) % 7);
}
