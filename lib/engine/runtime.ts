import { setImmediate as nextTick } from 'node:timers';
import type { Clock } from '../clock.ts';
import { ActivityQueues } from './activity-queues.ts';
import { advance, type Wake } from './advance.ts';
import { Agenda } from './agenda.ts';
import { Definitions } from './definitions.ts';
import type { Effect, Execution, ExecutionRow, Failure, Signal, Thread } from './execution.ts';
import { dirtyOf, parametersOf, ROOT } from './execution.ts';
import type { TaskServices } from './integrations/integration.ts';
import { integrationOf } from './integrations/integrations.ts';
import { endOf } from './integrations/states.ts';
import { newExecution, rowsOf, tellParent } from './lifecycle.ts';
import type { World } from './step.ts';
import type { EngineStore } from './store.ts';
import { nextTime } from './waiting.ts';

export interface RuntimeOptions {
  readonly store: EngineStore;
  readonly clock: Clock;
  readonly world: World;
  readonly tasks: Omit<TaskServices, 'offer'>;
  log(entry: object): void;
}

/** What the agenda names: a thread that waits, or an execution that is to end. */
interface Due {
  readonly executionArn: string;
  readonly thread?: string;
}

const START: readonly Wake[] = [{ thread: ROOT, signal: { kind: 'start' } }];

/**
 * Runs executions. All that is running is in memory; what wakes a thread (a timer, a result, a token) is queued, and each round of the loop takes all that
 * is queued, commits every turn in one transaction, and only then does what the turns asked for. A round that cannot be committed stops the runtime:
 * memory would be ahead of the disk.
 */
export class Runtime {
  readonly definitions: Definitions;
  readonly activities = new ActivityQueues();
  /** What tasks can reach. */
  readonly services: TaskServices;
  readonly #options: RuntimeOptions;
  readonly #agenda: Agenda<Due>;
  readonly #executions = new Map<string, Execution>();
  /** Which thread waits with which nonce or task token. */
  readonly #nonces = new Map<string, { executionArn: string; thread: string }>();
  readonly #nonceOf = new Map<string, string>();
  readonly #running = new Map<string, AbortController>();
  readonly #ended = new Map<string, ((row: ExecutionRow) => void)[]>();
  #queue = new Map<string, Wake[]>();
  #committed: (() => void)[] = [];
  #rounding: Promise<void> | undefined;
  #planned = false;
  #dispatched = 0;
  #stopped = false;
  #failure: unknown;
  #idle: (() => void)[] = [];

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#agenda = new Agenda(options.clock, (due) => this.#due(due));
    this.definitions = new Definitions(options.store);
    this.services = { ...options.tasks, offer: (arn, task) => this.activities.offer(arn, task) };
  }

  /** Loads what was running, arms its timers, and does again what was under way. */
  start() {
    this.#stopped = false;
    for (const { execution: row, threads, items } of this.#options.store.running()) {
      const execution = this.#load(row, threads);
      for (const item of items) {
        const of = execution.items.get(item.thread) ?? [];
        of[item.index] = item;
        execution.items.set(item.thread, of);
      }
    }
    for (const execution of this.#executions.values()) this.#resume(execution);
  }

  /** Takes no more turns. What is under way is done again by the next start. */
  async stop() {
    this.#stopped = true;
    await this.#rounding;
    this.#agenda.clear();
    for (const controller of this.#running.values()) controller.abort();
    this.activities.close();
    this.#executions.clear();
    this.#tellIdle();
  }

  /** Resolves once no turn is planned and no task runs in this process; threads may still wait for time or tokens. */
  async idle() {
    while (!this.#stopped && (this.#planned || this.#rounding || this.#dispatched > 0))
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get(executionArn: string): Execution | undefined {
    return this.#executions.get(executionArn);
  }

  /** Begins an execution; it is on disk, with its first turn, when the promise resolves. */
  async begin(row: ExecutionRow, { volatile = false } = {}): Promise<void> {
    const execution = newExecution(row, this.definitions.get(row.definition), this.#options.world);
    if (volatile) execution.volatile = true;
    this.#executions.set(row.executionArn, execution);
    this.#armDeadline(execution);
    await this.#turn(row.executionArn, { thread: ROOT, signal: { kind: 'start' } });
  }

  /** Begins an execution and waits for its end. */
  async run(row: ExecutionRow): Promise<ExecutionRow> {
    const { promise, resolve } = Promise.withResolvers<ExecutionRow>();
    this.#ended.set(row.executionArn, [resolve]);
    await this.begin(row, { volatile: true });
    return promise;
  }

  /** Goes on with an execution that had ended. */
  async redrive(execution: Execution) {
    this.#executions.set(execution.row.executionArn, execution);
    this.#armDeadline(execution);
    await this.#turn(execution.row.executionArn, { thread: ROOT, signal: { kind: 'start' } });
  }

  /** Ends a running execution; false when it is not running. */
  async end(executionArn: string, status: 'ABORTED' | 'TIMED_OUT', reason: Failure): Promise<boolean> {
    if (!this.#executions.has(executionArn)) return false;
    await this.#turn(executionArn, { thread: ROOT, signal: { kind: 'end', status, ...reason } });
    return true;
  }

  /** The thread that waits with this nonce or token. */
  waiting(nonce: string): Thread | undefined {
    const at = this.#nonces.get(nonce);
    return at && this.#executions.get(at.executionArn)?.threads.get(at.thread);
  }

  /** Tells the thread that waits with this signal's nonce; resolves when what follows is on disk, to false when nobody waits. */
  async tell(signal: Extract<Signal, { nonce: string }>): Promise<boolean> {
    const waiting = this.#nonces.get(signal.nonce);
    if (!waiting) return false;
    const final = signal.kind === 'result' || signal.kind === 'failure';
    if (final) this.#nonces.delete(signal.nonce);
    await this.#turn(waiting.executionArn, { thread: waiting.thread, signal });
    return true;
  }

  #load(row: ExecutionRow, threads: readonly Thread[]): Execution {
    const execution: Execution = {
      row,
      definition: this.definitions.get(row.definition),
      stateMachineName: row.stateMachineArn.split(':').at(6)!.split('/')[0]!,
      threads: new Map(threads.map((thread) => [thread.id, thread])),
      items: new Map(),
    };
    this.#executions.set(row.executionArn, execution);
    return execution;
  }

  /** Sees again to all that an execution waited for when the process ended. */
  #resume(execution: Execution) {
    this.#armDeadline(execution);
    for (const thread of [...execution.threads.values()]) {
      const { wait } = thread;
      // Heartbeats are not written one by one: after a restart every task has a whole interval to show itself.
      if (wait?.kind === 'task' && wait.heartbeatSeconds !== undefined)
        thread.wait = { ...wait, heartbeatAt: this.#options.clock.now() + wait.heartbeatSeconds * 1_000 };
      this.#rest(execution, thread);
      if (!wait) this.#wake(execution.row.executionArn, { thread: thread.id, signal: { kind: 'start' } });
      if (wait?.kind === 'task') this.#dispatch(execution, thread.id);
      if (wait?.kind === 'join') this.#missedItems(execution, thread);
    }
  }

  /** Results of item executions that ended before their Map was told. */
  #missedItems(execution: Execution, thread: Thread) {
    for (const { child, output, failed } of execution.items.get(thread.id) ?? []) {
      if (child === undefined || output !== undefined || failed || this.#executions.has(child)) continue;
      const row = this.#options.store.execution(child);
      if (row) this.#told(row);
    }
    this.#wake(execution.row.executionArn, { thread: thread.id, signal: { kind: 'joined' } });
  }

  #wake(executionArn: string, wake: Wake) {
    const wakes = this.#queue.get(executionArn);
    if (wakes) wakes.push(wake);
    else this.#queue.set(executionArn, [wake]);
    this.#plan();
  }

  #plan() {
    if (this.#planned || this.#rounding || this.#stopped) return;
    this.#planned = true;
    nextTick(() => {
      this.#planned = false;
      if (this.#stopped) return;
      this.#rounding = this.#round().finally(() => {
        this.#rounding = undefined;
        if (this.#queue.size > 0) this.#plan();
        this.#tellIdle();
      });
    });
  }

  async #turn(executionArn: string, wake: Wake): Promise<void> {
    if (this.#failure) throw this.#failure;
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
      const child = newExecution(row, execution.definition, this.#options.world);
      if (execution.volatile) child.volatile = true;
      this.#executions.set(row.executionArn, child);
      await this.#take(child, START, turned);
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
    this.#stopped = true;
    this.#agenda.clear();
    this.#options.log({ level: 'error', message: 'the engine stops: a round could not be committed', error });
  }

  /** Sees to what a thread waits for, now that it is on disk. */
  #rest(execution: Execution, thread: Thread | string) {
    const id = typeof thread === 'string' ? thread : thread.id;
    const wait = typeof thread === 'string' || execution.row.status !== 'RUNNING' ? undefined : thread.wait;
    const key = `${execution.row.executionArn} ${id}`;
    const nonce = wait && wait.kind !== 'timer' ? wait.nonce : undefined;
    const before = this.#nonceOf.get(key);
    if (before !== undefined && before !== nonce) {
      this.#nonces.delete(before);
      this.#nonceOf.delete(key);
      this.activities.withdraw(before);
      this.#running.get(before)?.abort();
    }
    if (nonce !== undefined) {
      this.#nonces.set(nonce, { executionArn: execution.row.executionArn, thread: id });
      this.#nonceOf.set(key, nonce);
    }
    this.#arm(execution.row.executionArn, { key, id, at: wait && nextTime(thread as Thread)?.at });
  }

  #arm(executionArn: string, { key, id, at }: { key: string; id: string; at: number | undefined }) {
    if (at === undefined || this.#stopped) this.#agenda.drop(key);
    else this.#agenda.set(key, at, { executionArn, thread: id });
  }

  #armDeadline({ row: { executionArn, deadline } }: Execution) {
    if (deadline !== undefined) this.#agenda.set(executionArn, deadline, { executionArn });
  }

  /** The time of a thread has come, or that of a whole execution. */
  #due({ executionArn, thread }: Due) {
    if (thread === undefined)
      return this.#wake(executionArn, { thread: ROOT, signal: { kind: 'end', status: 'TIMED_OUT' } });
    const waiting = this.#executions.get(executionArn)?.threads.get(thread);
    const next = waiting && nextTime(waiting);
    if (next) this.#wake(executionArn, { thread, signal: next.signal });
  }

  #carryOut(execution: Execution, effect: Effect) {
    if (effect.kind === 'dispatch') this.#dispatch(execution, effect.thread);
    else if (effect.kind === 'stop') void this.end(effect.executionArn, 'ABORTED', {});
    else this.#end(execution);
  }

  #end({ row }: Execution) {
    this.#executions.delete(row.executionArn);
    this.#agenda.drop(row.executionArn);
    for (const resolve of this.#ended.get(row.executionArn) ?? []) resolve(row);
    this.#ended.delete(row.executionArn);
    this.#told(row);
  }

  /** Tells the thread that waits for an execution that it has ended. */
  #told(row: ExecutionRow) {
    if (!row.parent) return;
    const { executionArn, thread, nonce } = row.parent;
    const wait = this.#executions.get(executionArn)?.threads.get(thread)?.wait;
    if (!wait || wait.kind === 'timer' || wait.nonce !== nonce) return;
    const signal = wait.kind === 'task' ? endOf(row, wait) : tellParent(row, row.parent);
    this.#wake(executionArn, { thread, signal });
  }

  #dispatch(execution: Execution, id: string) {
    const thread = execution.threads.get(id);
    const wait = thread?.wait;
    if (!thread || wait?.kind !== 'task') return;
    const controller = new AbortController();
    this.#running.set(wait.nonce, controller);
    this.#dispatched++;
    integrationOf(wait.resource)
      .dispatch(
        { execution, thread, wait, parameters: parametersOf(thread, wait), signal: controller.signal },
        this.services,
      )
      .catch((error: unknown): Signal => {
        if (!controller.signal.aborted) this.#options.log({ level: 'error', message: 'task failed', error });
        return { kind: 'failure', nonce: wait.nonce, error: 'States.TaskFailed', cause: String(error) };
      })
      .then((signal) => {
        this.#running.delete(wait.nonce);
        this.#dispatched--;
        if (signal) this.#answer(signal);
        this.#tellIdle();
      });
  }

  #answer(signal: Signal) {
    const waiting = 'nonce' in signal ? this.#nonces.get(signal.nonce) : undefined;
    if (waiting && !this.#stopped) this.#wake(waiting.executionArn, { thread: waiting.thread, signal });
  }

  #tellIdle() {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
