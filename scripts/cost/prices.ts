/** US dollars in us-east-1, as AWS published them; look again before you rely on them. */
export const PRICES = {
  asOf: '2026-11-21',
  region: 'us-east-1',
  /** Step Functions, standard workflows: $0.025 per 1,000. */
  transition: 0.025 / 1_000,
  /** Lambda: $0.20 per million requests. */
  invocation: 0.2 / 1_000_000,
  /** Lambda on arm64. */
  gigabyteSecond: 0.0000133334,
  /** DynamoDB on demand, since November 2024: $0.625 and $0.125 per million units. */
  writeUnit: 0.625 / 1_000_000,
  readUnit: 0.125 / 1_000_000,
  /** EventBridge, custom events: $1.00 per million, of 64 KB each. */
  event: 1 / 1_000_000,
  /** EBS direct APIs: $0.006 per 1,000 PutSnapshotBlock. */
  blockPut: 0.006 / 1_000,
  /** EBS direct APIs: $0.003 per 1,000 GetSnapshotBlock. */
  blockGet: 0.003 / 1_000,
  /** S3: $0.005 per 1,000 PUT. */
  objectPut: 0.005 / 1_000,
} as const;

/** GB-seconds of an invocation: 512 MB for a tenth of a second. An assumption: only an account can measure it. */
export const GIGABYTE_SECONDS = 0.5 * 0.1;
