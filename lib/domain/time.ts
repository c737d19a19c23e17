/** Lengths of time in milliseconds. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 3_600 * SECOND;
export const DAY = 24 * HOUR;
