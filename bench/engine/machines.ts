import type { Json } from '../../lib/json.ts';

/** 687 bytes of JSON, as in the figures that the design was chosen by. */
export const INPUT = { done: false, round: 0, padding: 'x'.repeat(650) };

const lambda = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
/** Times that the loop goes round; each is a Task and a Choice. */
export const ROUNDS = 100;

/** What the functions do, here and in the peer. */
export const FUNCTIONS: Readonly<Record<string, (input: Json) => Promise<Json>>> = {
  async next(input) {
    const { round, ...rest } = input as { round: number };
    return { ...rest, round: round + 1, done: round + 1 >= ROUNDS };
  },
  identity: async (input) => input,
};

/** Which function each Task state calls; the peer asks by the state's name. */
export const TASKS: Readonly<Record<string, keyof typeof FUNCTIONS>> = { Work: 'next', Item: 'identity' };

const processor = {
  StartAt: 'Item',
  States: { Item: { Type: 'Task', Resource: lambda('identity'), End: true } },
};

export const MACHINES = {
  chain: {
    StartAt: 'S0',
    States: Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [
        `S${at}`,
        { Type: 'Pass', ...(at < 9 ? { Next: `S${at + 1}` } : { End: true }) },
      ]),
    ),
  },
  loop: {
    StartAt: 'Work',
    States: {
      Work: { Type: 'Task', Resource: lambda('next'), Next: 'Done?' },
      'Done?': { Type: 'Choice', Choices: [{ Variable: '$.done', BooleanEquals: true, Next: 'End' }], Default: 'Work' },
      End: { Type: 'Succeed' },
    },
  },
  map: { StartAt: 'Map', States: { Map: { Type: 'Map', ItemProcessor: processor, End: true } } },
  distributed: {
    StartAt: 'Map',
    States: {
      Map: {
        Type: 'Map',
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'Pass',
          States: { Pass: { Type: 'Pass', End: true } },
        },
        End: true,
      },
    },
  },
  parked: { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 86_400, End: true } } },
} as const;

export type MachineName = keyof typeof MACHINES;
