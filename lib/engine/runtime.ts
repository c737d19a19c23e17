import type { Clock } from '../clock.ts';
import { advance, type Wake } from './advance.ts';
import { ApiError } from './api-error.ts';
import { Definitions } from './definitions.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Effect, Execution, ExecutionRow, Failure, Signal, Thread } from './execution.ts';
import { dirtyOf, ROOT } from './execution.ts';
import type { TaskServices } from './integrations/integration.ts';
import { answerTo, isAwaitedBy, loaded, newExecution, rowsOf } from './lifecycle.ts';
import { Rounds } from './rounds.ts';
import type { World } from './step.ts';
import type { EngineStore } from './store.ts';
import { Waiters } from './waiters.ts';
import { overdueBeat } from './waiting.ts';

export interface RuntimeOptions {
  readonly store: EngineStore;
  readonly clock: Clock;
  readonly world: World;
  readonly tasks: Omit<TaskServices, 'offer'>;
  /** Told when a round could not be committed. */
  failed(error: unknown): void;
}

const START: Wake = { thread: ROOT, signal: { kind: 'start' } };

/**
 * Runs executions. All that is running is in memory; what wakes a thread (a timer, a result, a token) is queued, and each round of the loop takes all that
 * is queued, commits every turn in one transaction, and only then does what the turns asked for. A round that cannot be committed stops the runtime:
 * memory would be ahead of the disk.
 */
export class Runtime {
  readonly definitions: Definitions;
  readonly tasks: Dispatcher;
  readonly #options: RuntimeOptions;
  readonly #waiters: Waiters;
  readonly #executions = new Map<string, Execution>();
  readonly #ended = new Map<string, (row: ExecutionRow) => void>();
  #queue = new Map<string, Wake[]>();
  #committed: (() => void)[] = [];
  readonly #rounds: Rounds;
  #failure: unknown;
  #idle: (() => void)[] = [];

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const wake = (executionArn: string, one: Wake) => this.#wake(executionArn, one);
    this.#waiters = new Waiters({
      clock: options.clock,
      get: (executionArn) => this.get(executionArn),
      wake,
      gone: (nonce) => this.tasks.cancel(nonce),
    });
    this.tasks = new Dispatcher({
      tasks: options.tasks,
      answer: (signal) => this.#answer(signal),
      settled: () => this.#tellIdle(),
      log: options.world.report,
    });
    this.definitions = new Definitions(options.store);
    this.#rounds = new Rounds({
      run: () => this.#round(),
      more: () => this.#queue.size > 0 || this.#committed.length > 0,
      rested: () => this.#tellIdle(),
    });
  }

  /** Loads what was running, arms its timers, and does again what was under way. */
  start() {
    this.#rounds.open();
    for (const { execution, ...rest } of this.#options.store.running())
      this.#executions.set(
        execution.executionArn,
        loaded(execution, { ...rest, definition: this.definitions.get(execution.definition) }),
      );
    for (const execution of [...this.#executions.values()]) this.#resume(execution);
  }

  /** Takes no more turns. What is under way is done again by the next start. */
  async stop() {
    this.#rounds.halt();
    await this.#rounds.ended();
    this.#waiters.clear();
    this.tasks.close();
    this.#executions.clear();
    this.#queue.clear();
    for (const resolve of this.#committed.splice(0)) resolve();
    this.#tellIdle();
  }

  /** Resolves once no turn is planned and no task runs in this process; threads may still wait for time or tokens. */
  async idle() {
    while (!this.#rounds.stopped && (this.#rounds.underWay || this.tasks.busy))
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get(executionArn: string): Execution | undefined {
    return this.#executions.get(executionArn);
  }

  /** Begins an execution, or goes on with one; it is on disk, with its next turn, when the promise resolves. */
  async begin(execution: Execution): Promise<void> {
    this.#executions.set(execution.row.executionArn, execution);
    this.#waiters.putDeadline(execution);
    await this.#turn(execution.row.executionArn, START);
  }

  /** Begins an execution that lives in memory only, and waits for its end. */
  async run(row: ExecutionRow): Promise<ExecutionRow> {
    const { promise, resolve } = Promise.withResolvers<ExecutionRow>();
    this.#ended.set(row.executionArn, resolve);
    await this.begin({ ...this.create(row), volatile: true });
    return promise;
  }

  create(row: ExecutionRow): Execution {
    return newExecution(row, this.definitions.get(row.definition), this.#options.world);
  }

  /** Ends a running execution; nothing happens to one that is not running. */
  async end(executionArn: string, status: 'ABORTED' | 'TIMED_OUT', reason: Failure): Promise<void> {
    if (!this.#executions.has(executionArn)) return;
    await this.#turn(executionArn, { thread: ROOT, signal: { kind: 'end', status, ...reason } });
  }

  /** The thread that waits with this nonce or token. */
  waiting(nonce: string): Thread | undefined {
    const at = this.#waiters.find(nonce);
    return at && this.get(at.executionArn)?.threads.get(at.thread);
  }

  /** Tells the thread that waits with this signal's nonce; resolves when what follows is on disk, to false when nobody waits. */
  async tell(signal: Extract<Signal, { nonce: string }>): Promise<boolean> {
    const waiting = this.#awaiting(signal);
    if (!waiting) return false;
    await this.#turn(waiting.executionArn, { thread: waiting.thread, signal });
    return true;
  }

  /** Resolves when all that has been asked for is on disk. */
  async settled(): Promise<void> {
    if (!this.#rounds.underWay) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#committed.push(resolve);
    this.#rounds.plan();
    await promise;
    if (this.#failure) throw this.#failure;
  }

  /** Sees again to all that an execution waited for when the process ended. */
  #resume(execution: Execution) {
    const { row, threads } = execution;
    // Its parent's end could not be told to it before the process ended.
    if (row.parent && !isAwaitedBy(this.get(row.parent.executionArn), row.parent))
      return this.#wake(row.executionArn, { thread: ROOT, signal: { kind: 'end', status: 'ABORTED' } });
    this.#waiters.putDeadline(execution);
    for (const thread of [...threads.values()]) {
      const { wait, id } = thread;
      const beat = overdueBeat(wait, this.#options.clock.now());
      if (beat) {
        thread.wait = beat;
        this.#wake(row.executionArn, { thread: id, signal: { kind: 'heartbeat', nonce: beat.nonce } });
      }
      this.#rest(execution, thread);
      if (!wait) this.#wake(row.executionArn, { thread: id, signal: { kind: 'start' } });
      if (wait?.kind === 'task' && !wait.handedOver) this.tasks.dispatch(execution, id);
      if (wait?.kind === 'join') this.#resumeJoin(execution, thread);
    }
  }

  /** A Map may have to start items, and items may have ended before it was told. */
  #resumeJoin({ row, items }: Execution, { id }: Thread) {
    for (const { child, output, failed } of items.get(id) ?? [])
      if (child !== undefined && output === undefined && !failed) this.#missed(child);
    this.#wake(row.executionArn, { thread: id, signal: { kind: 'joined' } });
  }

  /** Tells of an execution that ended before its end was waited for. */
  #missed(executionArn: string) {
    if (this.#executions.has(executionArn)) return;
    const row = this.#options.store.execution(executionArn);
    if (row) this.#tellParent(row);
  }

  #wake(executionArn: string, wake: Wake) {
    const wakes = this.#queue.get(executionArn);
    if (wakes) wakes.push(wake);
    else this.#queue.set(executionArn, [wake]);
    this.#rounds.plan();
  }

  async #turn(executionArn: string, wake: Wake): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#rounds.stopped) throw new ApiError('ServiceUnavailable', 'the engine does not run', 503);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#committed.push(resolve);
    this.#wake(executionArn, wake);
    await promise;
    if (this.#failure) throw this.#failure;
  }

  async #round() {
    const [queue, committed] = [this.#queue, this.#committed];
    this.#queue = new Map();
    this.#committed = [];
    try {
      const turned: Execution[] = [];
      for (const [executionArn, wakes] of queue) {
        const execution = this.#executions.get(executionArn);
        if (execution) await this.#take(execution, wakes, turned);
      }
      this.#commit(turned);
    } catch (error) {
      this.#fail(error);
    }
    for (const resolve of committed) resolve();
  }

  /** One turn of an execution, and the first turns of those that it begins: all are written together. */
  async #take(execution: Execution, wakes: readonly Wake[], turned: Execution[]) {
    turned.push(execution);
    for (const wake of await advance(execution, wakes, this.#options.world))
      this.#wake(execution.row.executionArn, wake);
    for (const row of execution.dirty?.begun.splice(0) ?? []) {
      const child = this.create(row);
      if (execution.volatile) child.volatile = true;
      this.#executions.set(row.executionArn, child);
      await this.#take(child, [START], turned);
    }
  }

  #commit(executions: readonly Execution[]) {
    const done = executions.map((execution) => ({
      execution,
      threads: [...dirtyOf(execution).threads],
      effects: dirtyOf(execution).effects,
      rows: rowsOf(execution),
    }));
    const rows = done.filter(({ execution }) => !execution.volatile).map(({ rows }) => rows);
    if (rows.length > 0) this.#options.store.commit(rows);
    for (const { execution, threads, effects } of done) {
      for (const id of threads) this.#rest(execution, execution.threads.get(id) ?? id);
      for (const effect of effects) this.#carryOut(execution, effect);
    }
  }

  #fail(error: unknown) {
    this.#failure = error;
    this.#rounds.halt();
    this.#waiters.clear();
    this.#options.world.report({ level: 'error', message: 'the engine stops: a round could not be committed', error });
    this.#options.failed(error);
  }

  /** Sees to what a thread waits for, now that it is on disk. */
  #rest(execution: Execution, thread: Thread | string) {
    this.#waiters.put(execution, thread);
    if (typeof thread !== 'string' && thread.wait?.kind === 'task' && thread.wait.child !== undefined)
      this.#missed(thread.wait.child);
  }

  #carryOut(execution: Execution, effect: Effect) {
    if (effect.kind === 'dispatch') this.tasks.dispatch(execution, effect.thread);
    else if (effect.kind === 'stop')
      this.#wake(effect.executionArn, { thread: ROOT, signal: { kind: 'end', status: 'ABORTED' } });
    else this.#end(execution);
  }

  #end(execution: Execution) {
    const { row } = execution;
    this.#executions.delete(row.executionArn);
    this.#waiters.dropDeadline(execution);
    this.#ended.get(row.executionArn)?.(row);
    this.#ended.delete(row.executionArn);
    this.#tellParent(row);
  }

  /** Tells the thread that waits for an execution that it has ended. */
  #tellParent(row: ExecutionRow) {
    const signal = row.parent && answerTo(this.get(row.parent.executionArn), row);
    if (signal) this.#wake(row.parent!.executionArn, { thread: row.parent!.thread, signal });
  }

  #answer(signal: Signal) {
    const waiting = 'nonce' in signal ? this.#awaiting(signal) : undefined;
    if (waiting && !this.#rounds.stopped) this.#wake(waiting.executionArn, { thread: waiting.thread, signal });
  }

  /** Where the thread is that waits for this signal. The first result is the last: others are told at once that nobody waits. */
  #awaiting({ kind, nonce }: Extract<Signal, { nonce: string }>) {
    const waiting = this.#waiters.find(nonce);
    if (kind === 'result' || kind === 'failure') this.#waiters.forget(nonce);
    return waiting;
  }

  #tellIdle() {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
