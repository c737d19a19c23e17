/** What AWS bounds, so that what runs here runs there. Source: Step Functions quotas. */
export interface EngineLimits {
  /** Bytes of UTF-8 that an input, an output or a task's result may have. */
  readonly payloadBytes: number;
  /** Events that a Standard execution may have; with the last one it fails. */
  readonly historyEvents: number;
  /** Items of an inline Map that run at the same time. */
  readonly inlineMapConcurrency: number;
  /** Child executions of a distributed Map that run at the same time at most, however many are asked for. */
  readonly distributedMapConcurrency: number;
  /** As many run where the state does not say. AWS takes all that it may; one machine is better off with fewer. */
  readonly distributedMapDefault: number;
  /** Milliseconds for which ended executions are kept. */
  readonly retention: number;
  /** Bytes of UTF-8 that a definition may have. */
  readonly definitionBytes: number;
  /** Seconds that a Standard execution may take. */
  readonly standardSeconds: number;
  /** Seconds that an Express execution may take. */
  readonly expressSeconds: number;
  /** Days after its end for which an execution can be redriven. */
  readonly redriveDays: number;
  /** Milliseconds for which GetActivityTask waits for a task. */
  readonly activityPoll: number;
}

const DAY = 24 * 3_600;

export const DEFAULT_LIMITS: EngineLimits = {
  payloadBytes: 262_144,
  historyEvents: 25_000,
  inlineMapConcurrency: 40,
  distributedMapConcurrency: 10_000,
  distributedMapDefault: 1_000,
  retention: 90 * DAY * 1_000,
  definitionBytes: 1_048_576,
  standardSeconds: 365 * DAY,
  expressSeconds: 300,
  redriveDays: 14,
  activityPoll: 60_000,
};

/** Whether a text has more bytes of UTF-8 than this. A character has three at most (four for a pair), so most texts need no counting. */
export const exceeds = (text: string, bytes: number) => text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
