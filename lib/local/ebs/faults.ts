import type { Clock } from '../../clock.ts';
import { type EbsError, internal, snapshotNotFound, throttled } from './ebs-error.ts';

export type EbsOperation =
  | 'StartSnapshot'
  | 'PutSnapshotBlock'
  | 'CompleteSnapshot'
  | 'ListSnapshotBlocks'
  | 'ListChangedBlocks'
  | 'GetSnapshotBlock';

/** What the real service does now and then. Source: issues of awslabs/coldsnap. `late`: a snapshot that was just started "does not exist". */
export type Fault = {
  readonly operation: EbsOperation;
  /** The first requests are answered well. */
  readonly after?: number;
  /** Of the requests then, each so-manieth fails; 1, all of them, unless told. */
  readonly every?: number;
  /** After so many failures there are no more; without end unless told. */
  readonly times?: number;
} & ({ readonly kind: 'throttle' | 'hang' | 'fail' } | { readonly kind: 'late'; readonly milliseconds: number });

/** Makes an endpoint fail as told; for tests of what calls it. By counts, not by chance, so that a failure can be repeated. */
export class Faults {
  readonly #clock: Clock;
  readonly #started = new Map<string, number>();
  #rules: { readonly fault: Fault; seen: number; failed: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on these faults, and no others. */
  set(...faults: Fault[]) {
    this.#rules = faults.map((fault) => ({ fault, seen: 0, failed: 0 }));
  }

  /** How often each fault has happened, in the order in which they were set. */
  get failures(): readonly number[] {
    return this.#rules.map(({ failed }) => failed);
  }

  started(id: string) {
    this.#started.set(id, this.#clock.now());
  }

  /** What becomes of the request: an error, no answer at all, or (undefined) nothing. */
  of(operation: EbsOperation, id: string): EbsError | 'hang' | undefined {
    const rule = this.#rules.find((one) => one.fault.operation === operation && this.#happens(one, id));
    if (!rule) return undefined;
    rule.failed++;
    if (rule.fault.kind === 'hang') return 'hang';
    if (rule.fault.kind === 'late') return snapshotNotFound(id);
    return rule.fault.kind === 'fail' ? internal('an error on purpose') : throttled('too many requests, on purpose');
  }

  #happens(rule: { fault: Fault; seen: number; failed: number }, id: string): boolean {
    const { fault, failed } = rule;
    const { after = 0, every = 1, times = Number.POSITIVE_INFINITY } = fault;
    if (fault.kind === 'late' && this.#clock.now() >= (this.#started.get(id) ?? 0) + fault.milliseconds) return false;
    const position = ++rule.seen - after;
    return position > 0 && position % every === 0 && failed < times;
  }
}
