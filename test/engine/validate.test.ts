import { expect, test } from '@jest/globals';
import { bed, ROLE, STATES } from './support/bed.ts';

const definition = JSON.stringify({ StartAt: 'P', States: { P: { Type: 'Pass', End: true } } });
const machine = { name: 'm', definition, roleArn: ROLE };
const one = '1 validation error detected: ';

test.each([
  ['CreateStateMachine', {}, '3 validation errors detected: '],
  ['CreateStateMachine', { ...machine, type: 'FAST' }, `${one}Value 'FAST' at 'type' failed to satisfy constraint`],
  [
    'CreateStateMachine',
    { ...machine, loggingConfiguration: { level: 'SOME' } },
    `${one}Value 'SOME' at 'loggingConfiguration.level' failed to satisfy constraint: Member must satisfy enum value set`,
  ],
  [
    'CreateStateMachine',
    { ...machine, tags: [{ value: 'v' }] },
    `${one}Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null`,
  ],
  [
    'TagResource',
    { resourceArn: `${STATES}:stateMachine:m`, tags: [{ key: null, value: 'v' }] },
    `${one}Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null`,
  ],
  [
    'CreateStateMachineAlias',
    { name: 'a', routingConfiguration: [{ stateMachineVersionArn: `${STATES}:stateMachine:m:1`, weight: 101 }] },
    `${one}Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: Member must have value less than or equal to 100`,
  ],
  [
    'ListExecutions',
    { stateMachineArn: `${STATES}:stateMachine:m`, maxResults: 1_001 },
    `${one}Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000`,
  ],
])('fails %s %j by the place and the constraint', async (operation, input, message) => {
  await expect(bed().call(operation, input)).rejects.toMatchObject({
    type: 'ValidationException',
    message: expect.stringContaining(message),
  });
});

test.each([
  ['CreateStateMachine', { ...machine, name: 7 }, "the member 'name' is not a string"],
  [
    'CreateStateMachineAlias',
    { name: 'a', routingConfiguration: [{ stateMachineVersionArn: {}, weight: 100 }] },
    "the member 'routingConfiguration.1.member.stateMachineVersionArn' is not a string",
  ],
  ['UntagResource', { resourceArn: ROLE, tagKeys: [7] }, "the member 'tagKeys.1.member' is not a string"],
])('fails %s %j by the type of the member', async (operation, input, message) => {
  await expect(bed().call(operation, input)).rejects.toMatchObject({ type: 'SerializationException', message });
});
