import { checkDefinition } from '../../../lib/engine/language/check-definition.ts';

export const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:f';
export const END = { Type: 'Pass', End: true };

export const find = (definition: object | string, type: 'STANDARD' | 'EXPRESS' = 'STANDARD') =>
  checkDefinition(typeof definition === 'string' ? definition : JSON.stringify(definition), { type }).map(
    ({ code, message, location }) => [location, code === 'SCHEMA_VALIDATION_FAILED' ? message : `${code}: ${message}`],
  );
/** What is found about a machine of the state `S`, beside a state `End`. */
export const findIn = (state: object, more: object = {}) =>
  find({
    StartAt: 'S',
    States: { S: state, ...(JSON.stringify(state).includes('"Next":"End"') ? { End: END } : {}) },
    ...more,
  });
export const task = (more: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...more });
export const map = (more: object = {}, processor: object = {}) => ({
  Type: 'Map',
  End: true,
  ItemProcessor: { StartAt: 'Inner', States: { Inner: END }, ...processor },
  ...more,
});
export const DISTRIBUTED = { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } };
export const choice = (rule: object, more: object = {}) => ({
  Type: 'Choice',
  Choices: [{ Next: 'End', ...rule }],
  ...more,
});
export const jsonata = { QueryLanguage: 'JSONata' };
