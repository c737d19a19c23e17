import type { Clock } from '../clock.ts';
import type { Wake } from './advance.ts';
import { Agenda } from './agenda.ts';
import { type Execution, ROOT, type Thread } from './execution.ts';
import { nextTime } from './waiting.ts';

/** What the agenda names: a thread that waits, or an execution that is to end. */
interface Due {
  readonly executionArn: string;
  readonly thread?: string;
}

export interface WaiterOptions {
  readonly clock: Clock;
  get(executionArn: string): Execution | undefined;
  wake(executionArn: string, wake: Wake): void;
  /** Nobody waits with this nonce any more. */
  gone(nonce: string): void;
}

/** Who waits for what: threads by the nonce or task token of their task, and by the time at which they are to be woken. */
export class Waiters {
  readonly #options: WaiterOptions;
  readonly #agenda: Agenda<Due>;
  readonly #byNonce = new Map<string, { executionArn: string; thread: string }>();
  readonly #nonceOf = new Map<string, string>();

  constructor(options: WaiterOptions) {
    this.#options = options;
    this.#agenda = new Agenda(options.clock, (due) => this.#due(due));
  }

  /** Where the thread is that waits with this nonce or token. */
  find = (nonce: string) => this.#byNonce.get(nonce);

  /** No further answer is taken for this nonce. */
  forget(nonce: string) {
    this.#byNonce.delete(nonce);
  }

  /** Puts down what a thread waits for, now that it is on disk; a thread that has ended waits for nothing. */
  put({ row: { executionArn, status } }: Execution, thread: Thread | string) {
    const id = typeof thread === 'string' ? thread : thread.id;
    const waits = typeof thread !== 'string' && status === 'RUNNING';
    const wait = waits ? thread.wait : undefined;
    const key = `${executionArn} ${id}`;
    this.#putNonce(key, wait && wait.kind !== 'timer' ? wait.nonce : undefined, { executionArn, thread: id });
    const at = waits ? nextTime(thread)?.at : undefined;
    if (at === undefined) this.#agenda.drop(key);
    else this.#agenda.set(key, at, { executionArn, thread: id });
  }

  #putNonce(key: string, nonce: string | undefined, at: { executionArn: string; thread: string }) {
    const before = this.#nonceOf.get(key);
    if (before !== undefined && before !== nonce) {
      this.#byNonce.delete(before);
      this.#nonceOf.delete(key);
      this.#options.gone(before);
    }
    if (nonce === undefined || nonce === before) return;
    this.#byNonce.set(nonce, at);
    this.#nonceOf.set(key, nonce);
  }

  putDeadline({ row: { executionArn, deadline } }: Execution) {
    if (deadline !== undefined) this.#agenda.set(executionArn, deadline, { executionArn });
  }

  dropDeadline({ row: { executionArn } }: Execution) {
    this.#agenda.drop(executionArn);
  }

  clear() {
    this.#agenda.clear();
    this.#byNonce.clear();
    this.#nonceOf.clear();
  }

  /** The time of a thread has come, or that of a whole execution. */
  #due({ executionArn, thread }: Due) {
    if (thread === undefined)
      return this.#options.wake(executionArn, { thread: ROOT, signal: { kind: 'end', status: 'TIMED_OUT' } });
    const waiting = this.#options.get(executionArn)?.threads.get(thread);
    const next = waiting && nextTime(waiting);
    if (next) this.#options.wake(executionArn, { thread, signal: next.signal });
  }
}
