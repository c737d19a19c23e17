import type { Clock } from '../clock.ts';
import type { Json } from '../json.ts';
import { start } from './api/executions.ts';
import { callEngine } from './api/operations.ts';
import type { Caller, EngineService } from './api/service.ts';
import type { Invoke } from './invoke.ts';
import { DEFAULT_LIMITS, type EngineLimits } from './limits.ts';
import { Runtime } from './runtime.ts';
import type { World } from './step.ts';
import type { EngineStore } from './store.ts';

export interface EngineOptions {
  readonly store: EngineStore;
  readonly clock: Clock;
  /** A UUID. */
  newId(): string;
  random(): number;
  readonly account: string;
  readonly region: string;
  /** Runs a function that a task names. Throws InvokeError, or answers like Lambda's Invoke API. */
  readonly invoke: Invoke;
  /** Takes the entries of `events:putEvents`; answers like EventBridge's PutEvents. */
  putEvents(entries: Json[]): Promise<Json>;
  log(entry: object): void;
  /** Told when the engine cannot write any more, and has stopped: a new process may go on. */
  failed?(error: unknown): void;
  /** @default those of AWS */
  readonly limits?: Partial<EngineLimits>;
}

export interface Engine {
  /** Goes on with all that was running when the process ended. */
  start(): Promise<void>;
  /** Takes no more turns; what is under way is done again by the next start. Closes nothing that it was given. */
  stop(): Promise<void>;
  /** One call of the Step Functions API. Throws ApiError. */
  call(operation: string, input: Json, caller?: Caller): Promise<Json>;
  /** Resolves once nothing happens but by time, tokens or calls. */
  idle(): Promise<void>;
}

/** Milliseconds between two looks for executions that have been kept long enough. */
const PRUNE_EVERY = 24 * 3_600_000;

/** A workflow engine that runs Amazon States Language durably in this process, and answers the Step Functions API. */
export function createEngine(options: EngineOptions): Engine {
  const { store, clock, log } = options;
  const world: World = {
    now: () => clock.now(),
    random: () => options.random(),
    newId: () => options.newId(),
    report: log,
    account: options.account,
    region: options.region,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
  const runtime = new Runtime({
    store,
    clock,
    world,
    failed: (error) => options.failed?.(error),
    tasks: {
      invoke: options.invoke,
      putEvents: (entries) => options.putEvents(entries),
      startExecution: (input, link) => start(input as Record<string, Json>, service, link),
    },
  });
  const service: EngineService = { runtime, store, clock, world };
  let cancelPruning = () => {};
  const prune = () => {
    while (store.prune(clock.now() - world.limits.retention) > 0);
    cancelPruning = clock.setTimer(clock.now() + PRUNE_EVERY, prune);
  };
  return {
    async start() {
      runtime.start();
      prune();
    },
    async stop() {
      cancelPruning();
      await runtime.stop();
    },
    call: (operation, input, caller = {}) => callEngine(operation, input, { ...service, ...caller }),
    idle: () => runtime.idle(),
  };
}
