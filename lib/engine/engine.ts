import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Json } from '../json.ts';
import { advance, endExecution } from './advance.ts';
import type { Effect, Execution, ExecutionRow, Signal, Thread } from './execution.ts';
import { statesOf } from './execution.ts';
import type { Invoke } from './invoke.ts';
import type { StateMachineDefinition } from './language/definition.ts';
import { StateError } from './language/state-error.ts';
import { invocation, invokeOutput, LAMBDA_INVOKE } from './states/task.ts';
import type { World } from './step.ts';
import type { EngineStore, TurnRows } from './store.ts';
import { isAwaited, nextTime } from './waiting.ts';

export interface EngineOptions {
  readonly store: EngineStore;
  readonly clock: Clock;
  readonly invoke: Invoke;
  newId(): string;
  random(): number;
  log(entry: Readonly<Record<string, unknown>>): void;
}

interface Wake {
  readonly executionArn: string;
  readonly thread: string;
  readonly signal: Signal;
}

/**
 * Runs executions. All that is running is in memory; what wakes a thread (a timer, a result, a token) is queued, and each round of the loop takes all that
 * is queued, commits every turn in one transaction, and only then does what the turns asked for. A round that cannot be committed ends the process:
 * memory would be ahead of the disk.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #world: World;
  readonly #executions = new Map<string, Execution>();
  /** Which thread waits for which nonce or task token, and the other way round. */
  readonly #nonces = new Map<string, { executionArn: string; thread: string }>();
  readonly #nonceOf = new Map<string, string>();
  readonly #timers = new Map<string, () => void>();
  #queue: Wake[] = [];
  #turnPlanned = false;
  #invocations = 0;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#world = { now: () => options.clock.now(), random: options.random, newId: options.newId };
  }

  /** Loads what was running, arms its timers, and does again what was under way. */
  start() {
    for (const { execution: row, threads } of this.#options.store.running()) {
      const execution = this.#load(row, threads);
      for (const thread of threads) this.#beat(thread);
      for (const thread of threads) this.#rest(execution, thread, { restart: true });
    }
  }

  /** Takes no more turns. What is under way is done again by the next start. */
  stop() {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** Resolves once no turn is planned and no function runs; threads may still wait for time or tokens. */
  async idle() {
    while (!this.#stopped && (this.#turnPlanned || this.#invocations > 0))
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Begins an execution; it is on disk when this returns. */
  begin(row: Omit<ExecutionRow, 'status' | 'events' | 'definition'> & { definitionText: string }) {
    const { definitionText, ...rest } = row;
    const digest = createHash('sha256').update(definitionText).digest('hex');
    this.#options.store.putDefinition(digest, definitionText);
    const execution = this.#load({ ...rest, definition: digest, status: 'RUNNING', events: 0 }, []);
    const root: Thread = {
      id: '1',
      path: [],
      state: '',
      input: JSON.parse(row.input) as Json,
      enteredAt: row.startedAt,
      lastEvent: 0,
      retries: {},
    };
    execution.threads.set('1', root);
    execution.threadCount = 1;
    execution.row.events = 1;
    root.lastEvent = 1;
    const details = { input: row.input, roleArn: row.roleArn };
    execution.dirty.events.push({
      id: 1,
      previousEventId: 0,
      type: 'ExecutionStarted',
      timestamp: this.#world.now(),
      executionStartedEventDetails: details,
    });
    execution.dirty.threads.add('1');
    this.#options.store.commit([this.#rows(execution)]);
    this.#wake({ executionArn: row.executionArn, thread: '1', signal: { kind: 'start' } });
  }

  /** Ends a running execution; false when it is not running. */
  abort(executionArn: string, reason: { error?: string | undefined; cause?: string | undefined }): boolean {
    const execution = this.#executions.get(executionArn);
    const thread = execution && [...execution.threads.values()][0];
    if (!thread) return false;
    const state = statesOf(execution, thread).States[thread.state]!;
    endExecution({ execution, thread, world: this.#world, state }, { status: 'ABORTED', ...reason });
    this.#commit([execution]);
    return true;
  }

  /** Answers a task token; false when nobody waits for it. */
  answer(taskToken: string, result: { output: Json } | { error: string; cause: string }): boolean {
    const waiting = this.#nonces.get(taskToken);
    if (!waiting) return false;
    this.#nonces.delete(taskToken);
    const signal: Signal =
      'output' in result
        ? { kind: 'result', nonce: taskToken, ...result }
        : { kind: 'failure', nonce: taskToken, ...result };
    this.#wake({ ...waiting, signal });
    return true;
  }

  /** Puts off the heartbeat timeout of a task; false when nobody waits for its token. */
  heartbeat(taskToken: string): boolean {
    const waiting = this.#nonces.get(taskToken);
    const execution = waiting && this.#executions.get(waiting.executionArn);
    const thread = execution?.threads.get(waiting!.thread);
    if (!execution || thread?.wait?.kind !== 'task') return false;
    this.#beat(thread);
    this.#arm(execution, thread);
    return true;
  }

  /** Counts the heartbeat from now. It stays in memory: after a restart every task has a whole interval to show itself. */
  #beat(thread: Thread) {
    const { wait } = thread;
    if (wait?.kind !== 'task' || wait.heartbeatSeconds === undefined) return;
    thread.wait = { ...wait, heartbeatAt: this.#world.now() + wait.heartbeatSeconds * 1_000 };
  }

  #load(row: ExecutionRow, threads: readonly Thread[]): Execution {
    const execution: Execution = {
      row,
      definition: this.#definition(row.definition),
      stateMachineName: row.stateMachineArn.split(':').at(-1)!,
      threads: new Map(threads.map((thread) => [thread.id, thread])),
      threadCount: threads.reduce((most, { id }) => Math.max(most, Number(id)), 0),
      dirty: { threads: new Set(), events: [], effects: [] },
    };
    this.#executions.set(row.executionArn, execution);
    return execution;
  }

  readonly #definitions = new Map<string, StateMachineDefinition>();
  #definition(digest: string): StateMachineDefinition {
    const known =
      this.#definitions.get(digest) ?? (JSON.parse(this.#options.store.definition(digest)) as StateMachineDefinition);
    this.#definitions.set(digest, known);
    return known;
  }

  #wake(wake: Wake) {
    this.#queue.push(wake);
    if (this.#turnPlanned || this.#stopped) return;
    this.#turnPlanned = true;
    setImmediate(() => this.#round());
  }

  #round() {
    if (this.#stopped) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#turnPlanned = false;
    const turned = new Set<Execution>();
    for (const { executionArn, thread, signal } of queue) {
      const execution = this.#executions.get(executionArn);
      if (!execution || !isAwaited(execution.threads.get(thread), signal)) continue;
      for (const rest of advance(execution, { thread, signal }, this.#world)) this.#wake({ executionArn, ...rest });
      turned.add(execution);
    }
    this.#commit([...turned]);
    this.#tellIdle();
  }

  #commit(executions: readonly Execution[]) {
    if (executions.length === 0) return;
    const dirty = executions.map((execution) => ({
      execution,
      threads: [...execution.dirty.threads],
      effects: execution.dirty.effects.splice(0),
    }));
    this.#options.store.commit(executions.map((execution) => this.#rows(execution)));
    for (const { execution, threads, effects } of dirty) {
      for (const id of threads) this.#rest(execution, execution.threads.get(id) ?? id, { restart: false });
      for (const effect of effects) this.#carryOut(execution, effect);
    }
  }

  #rows(execution: Execution): TurnRows {
    const { threads, dirty, row } = execution;
    const ids = [...dirty.threads];
    dirty.threads.clear();
    return {
      execution: row,
      events: dirty.events.splice(0),
      threads: ids.flatMap((id) => threads.get(id) ?? []),
      endedThreads: ids.filter((id) => !threads.has(id)),
    };
  }

  /** Sees to what a thread waits for, now that it is on disk. A restart wakes what was running and invokes what was invoked. */
  #rest(execution: Execution, thread: Thread | string, { restart }: { restart: boolean }) {
    const { executionArn } = execution.row;
    const key = `${executionArn} ${typeof thread === 'string' ? thread : thread.id}`;
    this.#nonces.delete(this.#nonceOf.get(key) ?? '');
    this.#nonceOf.delete(key);
    if (typeof thread === 'string') return this.#disarm(key);

    const { wait, id } = thread;
    if (wait?.kind === 'task') {
      this.#nonces.set(wait.nonce, { executionArn, thread: id });
      this.#nonceOf.set(key, wait.nonce);
      if (restart) this.#carryOut(execution, invocation(id, wait));
    }
    if (restart && !wait) this.#wake({ executionArn, thread: id, signal: { kind: 'start' } });
    this.#arm(execution, thread);
  }

  /** Sets the timer for the first of a thread's times. */
  #arm({ row: { executionArn } }: Execution, { id, wait }: Thread) {
    const key = `${executionArn} ${id}`;
    this.#disarm(key);
    const next = nextTime(wait);
    if (!next || this.#stopped) return;
    const fire = () => {
      this.#timers.delete(key);
      this.#wake({ executionArn, thread: id, signal: next.signal });
    };
    this.#timers.set(key, this.#options.clock.setTimer(next.at, fire));
  }

  #disarm(key: string) {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }

  #carryOut(execution: Execution, effect: Effect) {
    if (effect.kind === 'ended') this.#executions.delete(execution.row.executionArn);
    else void this.#invoke(execution.row.executionArn, effect);
  }

  async #invoke(
    executionArn: string,
    { functionArn, payload, thread, nonce, byToken }: Extract<Effect, { kind: 'invoke' }>,
  ) {
    this.#invocations++;
    const wait = this.#executions.get(executionArn)?.threads.get(thread)?.wait;
    const direct = wait?.kind === 'task' && !wait.resource.startsWith(LAMBDA_INVOKE);
    try {
      const output = await this.#options.invoke(functionArn, payload);
      // A function that was given a token only says that it has begun; the token's holder ends the task.
      if (!byToken) this.answer(nonce, { output: direct ? output : invokeOutput(output) });
    } catch (error) {
      if (!(error instanceof StateError))
        this.#options.log({ level: 'error', message: 'invocation failed', functionArn, error });
      const failure =
        error instanceof StateError
          ? { error: error.error, cause: error.causeText }
          : { error: 'Lambda.Unknown', cause: String(error) };
      this.answer(nonce, failure);
    } finally {
      this.#invocations--;
      this.#tellIdle();
    }
  }

  #tellIdle() {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
