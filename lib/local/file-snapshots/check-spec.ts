import { isDeepStrictEqual } from 'node:util';
import { type SnapshotSpec, SnapshotSpecError } from '../../snapshots.ts';

/** The rules that the EBS direct APIs have for StartSnapshot. Throws SnapshotSpecError. */
export function checkSpec(spec: SnapshotSpec, parent?: SnapshotSpec): void {
  const broken = RULES.find(({ holds }) => !holds(spec, parent));
  if (broken) throw new SnapshotSpecError(broken.says);
}

/** What is undefined is the same as what is not there. */
export const sameSpec = (a: SnapshotSpec, b: SnapshotSpec) => isDeepStrictEqual(plain(a), plain(b));

const plain = (spec: SnapshotSpec) => JSON.parse(JSON.stringify(spec)) as unknown;

const isBetween = (value: number, low: number, high: number) =>
  Number.isInteger(value) && value >= low && value <= high;

const RULES: readonly { says: string; holds: (spec: SnapshotSpec, parent?: SnapshotSpec) => boolean }[] = [
  { says: 'the size of a snapshot is 1 to 65536 GiB, whole', holds: ({ sizeGiB }) => isBetween(sizeGiB, 1, 65_536) },
  { says: 'a token has 1 to 64 printable ASCII characters', holds: ({ token }) => /^[\x20-\x7e]{1,64}$/.test(token) },
  { says: 'a description has at most 255 characters', holds: ({ description = '' }) => description.length <= 255 },
  {
    says: 'a snapshot times out after 10 to 4320 minutes',
    holds: ({ timeoutMinutes }) => isBetween(timeoutMinutes, 10, 4_320),
  },
  {
    says: 'a snapshot is not smaller than its parent; start without a parent for a smaller disk',
    holds: ({ sizeGiB }, parent) => sizeGiB >= (parent?.sizeGiB ?? 0),
  },
  {
    says: "a snapshot with a parent takes the parent's key; start without a parent to use another",
    holds: ({ kmsKeyArn }, parent) => !parent || kmsKeyArn === undefined,
  },
];
