import type { Engine } from '../../../lib/engine/engine.ts';
import type { Json } from '../../../lib/json.ts';
import { type Functions, type HistoryEvent, historyOf, lambda, ROLE, STATES } from './bed.ts';

const CHILD = {
  StartAt: 'Double',
  States: { Double: { Type: 'Task', Resource: lambda('double'), End: true } },
};
const processor = (name: string) => ({
  StartAt: name,
  States: { [name]: { Type: 'Task', Resource: lambda('double'), End: true } },
});
/** A machine that goes through all that can be cut short: tasks, retries, waits, branches, items, Map Runs, nested executions, task tokens. */
const MACHINE = {
  StartAt: 'Prepare',
  States: {
    Prepare: { Type: 'Pass', Assign: { 'seed.$': '$.seed' }, Next: 'Flaky' },
    Flaky: {
      Type: 'Task',
      Resource: lambda('flaky'),
      Parameters: { 'tries.$': '$$.State.RetryCount' },
      Retry: [{ ErrorEquals: ['Flaky'], IntervalSeconds: 1, MaxAttempts: 5 }],
      ResultPath: '$.flaky',
      Next: 'Both',
    },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Left', States: { Left: { Type: 'Task', Resource: lambda('seed'), End: true } } },
        { StartAt: 'Pause', States: { Pause: { Type: 'Wait', Seconds: 1, End: true } } },
      ],
      ResultSelector: { 'left.$': '$[0]' },
      ResultPath: '$.both',
      Next: 'Each',
    },
    Each: {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemProcessor: processor('Inline'),
      ResultPath: '$.each',
      Next: 'Spread',
    },
    Spread: {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemProcessor: {
        ...processor('Spread out'),
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      },
      ResultPath: '$.spread',
      Next: 'Nested',
    },
    Nested: {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Parameters: { StateMachineArn: `${STATES}:stateMachine:child`, Input: { 'value.$': '$.seed' } },
      ResultSelector: { 'value.$': '$.Output' },
      ResultPath: '$.nested',
      Next: 'Ask',
    },
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      HeartbeatSeconds: 600,
      Parameters: {
        FunctionName: lambda('ask'),
        Payload: { 'token.$': '$$.Task.Token', 'seed.$': '$seed' },
      },
      ResultPath: '$.asked',
      Next: 'Done',
    },
    Done: { Type: 'Pass', Parameters: { 'seed.$': '$seed', 'all.$': '$' }, End: true },
  },
};

const ITEMS = [1, 2, 3];

export const executionArn = (index: number) => `${STATES}:execution:everything:e${index}`;

/** What a run of the executions showed to be wrong, beside how they ended. */
export type Faults = string[];

/** Its functions; `flaky` fails when it is first tried, `ask` answers its token again and again. */
export function functions(engine: () => Engine, faults: Faults): Functions {
  const valueIn = (input: Json) => (typeof input === 'number' ? input : (input as { value: number }).value);
  const isTaken = (taskToken: string, output: Json) =>
    engine()
      .call('SendTaskSuccess', { taskToken, output: JSON.stringify(output) })
      .then(
        () => true,
        () => false,
      );
  return {
    double: async (input) => valueIn(input) * 2,
    seed: async (input) => (input as { seed: number }).seed,
    flaky: async (input) => {
      if ((input as { tries: number }).tries > 0) return 'steady';
      throw Object.assign(new Error('the first time'), { name: 'Flaky' });
    },
    ask: async (input) => {
      const { token, seed } = input as { token: string; seed: number };
      const [first, second] = await Promise.all([isTaken(token, seed), isTaken(token, seed)]);
      if ((first && second) || (await isTaken(token, 'once more'))) faults.push(`token ${token} was taken twice`);
      return 'asked';
    },
  };
}

/** Begins those executions that have not been begun yet. */
export async function startAll(engine: Engine, count: number) {
  for (const [name, definition] of Object.entries({ child: CHILD, everything: MACHINE }))
    await engine.call('CreateStateMachine', { name, definition: JSON.stringify(definition), roleArn: ROLE });
  const stateMachineArn = `${STATES}:stateMachine:everything`;
  await Promise.all(
    Array.from({ length: count }, async (_, seed) => {
      const begun = await engine.call('DescribeExecution', { executionArn: executionArn(seed) }).catch(() => undefined);
      const input = JSON.stringify({ seed, items: ITEMS });
      if (!begun) await engine.call('StartExecution', { stateMachineArn, name: `e${seed}`, input });
    }),
  );
}

/** What is wrong with an execution; nothing when it ended as it should, with a history without gaps in which no result was taken twice. */
export async function problemsOf(engine: Engine, index: number): Promise<string[]> {
  const arn = executionArn(index);
  const { status, output } = (await engine.call('DescribeExecution', { executionArn: arn })) as Record<string, string>;
  if (status !== 'SUCCEEDED') return [`${arn} is ${status}`];
  const doubled = ITEMS.map((one) => one * 2);
  const all = {
    seed: index,
    items: ITEMS,
    flaky: 'steady',
    both: { left: index },
    each: doubled,
    spread: doubled,
    nested: { value: index * 2 },
    asked: index,
  };
  const wrong = output === JSON.stringify({ seed: index, all }) ? [] : [`${arn}: ${output}`];
  return [...wrong, ...problemsIn(await historyOf(engine, arn)).map((problem) => `${arn}: ${problem}`)];
}

function problemsIn(history: readonly HistoryEvent[]): string[] {
  const problems = history.flatMap(({ id, previousEventId }, index) =>
    id === index + 1 && previousEventId < id ? [] : [`event ${id} stands at ${index + 1}, after ${previousEventId}`],
  );
  const count = (...types: string[]) => history.filter(({ type }) => types.includes(type)).length;
  const pairs = [
    ['LambdaFunctionScheduled', 'LambdaFunctionSucceeded', 'LambdaFunctionFailed'],
    ['TaskScheduled', 'TaskSucceeded', 'TaskFailed'],
    ['MapIterationStarted', 'MapIterationSucceeded'],
    ['MapRunStarted', 'MapRunSucceeded'],
    ['ExecutionStarted', 'ExecutionSucceeded'],
  ] as const;
  for (const [begun, ...ended] of pairs)
    if (count(begun) !== count(...ended))
      problems.push(`${count(begun)} ${begun}, ${count(...ended)} ${ended.join(' or ')}`);
  return problems;
}
