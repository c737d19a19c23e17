import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OPERATIONS } from '../../lib/engine/api/operations.ts';
import { CONSTRAINTS } from '../../lib/engine/api/validate.ts';
import { ApiError } from '../../lib/engine/api-error.ts';
import { bed, ROLE, STATES } from './support/bed.ts';

const definition = JSON.stringify({ StartAt: 'P', States: { P: { Type: 'Pass', End: true } } });
const arns = ['stateMachine:m', 'stateMachine:m:1', 'stateMachine:m:a', 'execution:m:e', 'activity:a', 'mapRun:m/M:1'];
const value = fc.oneof(
  fc.constantFrom(...arns.map((arn) => `${STATES}:${arn}`), ROLE, definition, '', 'x', '{}', '[', 'null', '1'),
  fc.constantFrom(null, 0, -1, 1.5, 1e9, true, {}, [], [null], [{}], [[]], { a: { b: [] } }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
);
const inputOf = (operation: string) =>
  fc.dictionary(fc.constantFrom(...Object.keys(CONSTRAINTS[operation] ?? { a: 1 }), 'tags', 'input', 'name'), value);
const calls = fc
  .constantFrom(...Object.keys(OPERATIONS).filter((operation) => operation !== 'GetActivityTask'))
  .chain((operation) => fc.record({ operation: fc.constant(operation), input: inputOf(operation) }));

test('whatever a call has in it, the answer is an answer or an error of the API, and the engine goes on', async () => {
  const all = bed();
  const stateMachineArn = await all.create('m', JSON.parse(definition) as object, { publish: true });
  await all.call('CreateActivity', { name: 'a' });
  await fc.assert(
    fc.asyncProperty(calls, async ({ operation, input }) => {
      await all.call(operation, input).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      });
    }),
    { numRuns: Number(process.env.RUNS ?? 500) },
  );
  await all.create('n', JSON.parse(definition) as object);
  expect(await all.describe(await all.start(`${STATES}:stateMachine:n`))).toMatchObject({ status: 'SUCCEEDED' });
  expect(stateMachineArn).toBeDefined();
});
