import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Shape } from '../../lib/api/shape.ts';
import { MODEL_ERRORS } from '../../lib/api/sms/model-errors.ts';
import { OPERATIONS } from '../../lib/api/sms/operations.ts';
import { RULES } from '../../lib/api/sms/rules.ts';
import { OPERATION_SHAPES, type OperationName } from '../../lib/api/sms/shapes.ts';
import { OPERATIONS_DOC, operationsDoc } from '../../scripts/make-operations-doc.ts';

const NAMES = Object.keys(OPERATION_SHAPES) as OperationName[];
const TYPES = 'node_modules/@aws-sdk/client-sms/dist-types';
const sdk = (file: string) => readFileSync(join(TYPES, file), 'utf8');

test('the page says what the tables say; if not, run `node scripts/make-operations-doc.ts`', () => {
  expect(readFileSync(OPERATIONS_DOC, 'utf8')).toBe(`${operationsDoc()}\n`);
});

test('there are 35 operations, in the order of their names', () => {
  expect(NAMES).toHaveLength(35);
  expect(NAMES).toEqual([...NAMES].sort());
});

test('nothing is served that the model does not have', () => {
  expect(NAMES).toEqual(expect.arrayContaining(Object.keys(OPERATIONS)));
});

test.each(NAMES)('%s has the errors that the SDK documents', (name) => {
  const thrown = sdk(`commands/${name}Command.d.ts`).matchAll(/@throws \{@link (\w+)\}/g);
  const documented = new Set([...thrown].map(([, error]) => error).filter((error) => error !== 'SMSServiceException'));
  expect(new Set(MODEL_ERRORS[name])).toEqual(documented);
});

test.each(NAMES)('%s refuses by errors that the model gives it', (name) => {
  // GetConnectors alone has an error of its own: the model gives it none that a bad page token could answer.
  const allowed = name === 'GetConnectors' ? [...MODEL_ERRORS[name], 'InvalidParameterException'] : MODEL_ERRORS[name];
  for (const [, error] of RULES[name].refusals) expect(allowed).toContain(error);
});

test('structures bear the names that the model gives them', () => {
  const models = sdk('models/models_0.d.ts');
  const visit = (shape: Shape) => {
    if (shape.type === 'list') visit(shape.of);
    if (shape.type !== 'structure') return;
    if (shape.name) expect(models).toContain(`export interface ${shape.name} {`);
    for (const member of Object.values(shape.members)) visit(member);
  };
  for (const { input, output } of Object.values(OPERATION_SHAPES)) {
    visit(input);
    visit(output);
  }
});
