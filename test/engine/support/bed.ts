import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../lib/clock.ts';
import { createEngine, type Engine, type EngineOptions } from '../../../lib/engine/engine.ts';
import { hostedInvoke } from '../../../lib/engine/invoke.ts';
import type { EngineStore } from '../../../lib/engine/store.ts';
import type { Json } from '../../../lib/json.ts';
import { openEngineStore } from '../../../lib/local/sqlite-engine-store.ts';
import { VirtualClock } from '../../simulators/virtual-clock.ts';

export type Functions = Record<string, (input: Json) => Promise<Json>>;

export const ROLE = 'arn:aws:iam::000000000000:role/engine';
export const STATES = 'arn:aws:states:us-east-1:000000000000';
export const lambda = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  readonly [details: string]: unknown;
}

export interface Parts {
  readonly store: EngineStore;
  readonly clock: Clock;
  readonly functions?: Functions;
}

/** An engine with its functions, as most tests need it. */
export function engineOn({ store, clock, functions = {} }: Parts, more: Partial<EngineOptions> = {}): Engine {
  return createEngine({
    store,
    clock,
    newId: randomUUID,
    random: () => 0.5,
    account: '000000000000',
    region: 'us-east-1',
    invoke: hostedInvoke(functions),
    putEvents: async (entries) => ({ Entries: entries.map(() => ({ EventId: randomUUID() })), FailedEntryCount: 0 }),
    log: () => {},
    ...more,
  });
}

/** An engine in memory, on a clock that is moved by hand. */
export function bed(functions: Functions = {}, more: Partial<EngineOptions> = {}) {
  const clock = new VirtualClock();
  const store = openEngineStore(':memory:');
  const engine = engineOn({ store, clock, functions }, more);
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API, looked into by the tests
  const call = (operation: string, input: object): Promise<any> => engine.call(operation, input as Json);
  return {
    engine,
    clock,
    store,
    call,
    pass: (ms: number) => clock.advance(ms, () => engine.idle()),
    create: async (name: string, definition: object, options: object = {}): Promise<string> =>
      (await call('CreateStateMachine', { name, definition: JSON.stringify(definition), roleArn: ROLE, ...options }))
        .stateMachineArn,
    start: async (stateMachineArn: string, input: Json = {}, options: object = {}): Promise<string> =>
      (await call('StartExecution', { stateMachineArn, input: JSON.stringify(input), ...options })).executionArn,
    describe: (executionArn: string) => call('DescribeExecution', { executionArn }),
    types: async (executionArn: string) => (await historyOf(engine, executionArn)).map(({ type }) => type),
  };
}

/** The whole history, page by page. */
export async function historyOf(engine: Engine, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for (let nextToken: string | undefined; ; ) {
    const page = (await engine.call('GetExecutionHistory', {
      executionArn,
      maxResults: 1_000,
      ...(nextToken === undefined ? {} : { nextToken }),
    })) as unknown as { events: HistoryEvent[]; nextToken?: string };
    events.push(...page.events);
    nextToken = page.nextToken;
    if (nextToken === undefined) return events;
  }
}
