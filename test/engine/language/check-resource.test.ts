import { expect, test } from '@jest/globals';
import { FUNCTION, find, findIn, task } from './findings.ts';

test.each([
  FUNCTION,
  `${FUNCTION}:$LATEST`,
  'arn:aws-cn:lambda:cn-north-1:000000000000:function:f:12',
  'arn:aws:states:::lambda:invoke',
  'arn:aws:states:::lambda:invoke.waitForTaskToken',
  'arn:aws:states:::states:startExecution',
  'arn:aws:states:::states:startExecution.sync',
  'arn:aws:states:::states:startExecution.sync:2',
  'arn:aws:states:::states:startExecution.waitForTaskToken',
  'arn:aws:states:::events:putEvents',
  'arn:aws:states:::events:putEvents.waitForTaskToken',
  'arn:aws:states:us-east-1:000000000000:activity:a',
])('%s is a resource', (Resource) => {
  expect(findIn(task({ Resource }))).toEqual([]);
});

test.each([
  'arn:aws:states:::dynamodb:query',
  'arn:aws:states:::lambda:invoke.sync',
  'arn:aws:states:::aws-sdk:s3:getObject',
  'arn:aws:states:::http:invoke',
  'arn:aws:lambda:us-east-1:1:function:f',
  'f',
])('fails: %s is none', (Resource) => {
  expect(findIn(task({ Resource }))).toEqual([
    [
      '/States/S/Resource',
      `The resource provided ${Resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`,
    ],
  ]);
});

test.each<[string, string]>([
  [
    'arn:aws:states:::lambda:invoke.waitForTaskToken',
    "Express state machine does not support '.waitForTaskToken' service integration ",
  ],
  [
    'arn:aws:states:::states:startExecution.sync:2',
    "Express state machine does not support '.sync:2' service integration ",
  ],
  ['arn:aws:states:us-east-1:000000000000:activity:a', 'Express state machine does not support activities'],
])('fails: %s in an Express workflow', (Resource, message) => {
  expect(find({ StartAt: 'S', States: { S: task({ Resource }) } }, 'EXPRESS')).toEqual([
    ['/States/S/Resource', message],
  ]);
});
