import { expect, test } from '@jest/globals';
import { choice, DISTRIBUTED, END, findIn, jsonata, map, task } from './findings.ts';

test.each<[string, object]>([
  ['Task', task()],
  [
    'Task with everything',
    task({
      Comment: '',
      InputPath: '$.a[0]',
      OutputPath: '$$',
      ResultPath: "$.x['y']",
      Parameters: { 'a.$': 'States.UUID()' },
      ResultSelector: { 'b.$': '$.c' },
      TimeoutSecondsPath: '$.t',
      HeartbeatSeconds: 5,
      Assign: { 'v.$': '$v', w: 1 },
      Credentials: { 'RoleArn.$': '$.role' },
      Retry: [
        {
          ErrorEquals: ['A', 'B'],
          IntervalSeconds: 1,
          MaxAttempts: 0,
          BackoffRate: 1.5,
          MaxDelaySeconds: 9,
          JitterStrategy: 'FULL',
        },
        { ErrorEquals: ['States.ALL'] },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'S', ResultPath: null, Assign: { e: 1 } }],
    }),
  ],
  ['lists of handlers without any', task({ Retry: [], Catch: [] })],
  ['Wait', { Type: 'Wait', Seconds: 0, End: true }],
  ['Wait until', { Type: 'Wait', Timestamp: '2026-01-31T12:00:00+01:00', End: true }],
  ['Succeed', { Type: 'Succeed' }],
  ['Fail', { Type: 'Fail' }],
  ['Fail by path', { Type: 'Fail', ErrorPath: '$.e', CausePath: "States.Format('{}', $.c)" }],
  ['Pass', { Type: 'Pass', Result: { 'a.$': 'anything' }, ResultPath: '$.r', End: true }],
  [
    'Map',
    map({
      ItemsPath: '$.i',
      ItemSelector: { 'a.$': '$$.Map.Item.Value' },
      MaxConcurrency: 0,
      ToleratedFailurePercentage: 5,
    }),
  ],
  ['Iterator', { Type: 'Map', End: true, Iterator: { StartAt: 'I', States: { I: END } } }],
  [
    'distributed Map',
    map(
      {
        Label: 'a-b_1',
        ItemBatcher: { MaxItemsPerBatch: 5, BatchInput: { 'a.$': '$' } },
        ToleratedFailureCountPath: '$.n',
      },
      DISTRIBUTED,
    ),
  ],
  [
    'JSONata',
    task({
      ...jsonata,
      Arguments: '{% $states.input %}',
      Output: { a: ['{% $states.result %}'] },
      TimeoutSeconds: '{% $t %}',
      Catch: [{ ErrorEquals: ['X'], Next: 'S', Output: '{% $states.errorOutput %}' }],
    }),
  ],
  ['JSONata Map', map({ ...jsonata, Items: '{% $map([1..3], function($x) { $x }) %}', MaxConcurrency: '{% 1 %}' })],
])('%s is right', (_, state) => {
  expect(findIn(state)).toEqual([]);
});

test.each<[object, string, string]>([
  [{ Type: 'Pass' }, '', 'One of these fields is required: [Next, End]'],
  [{ Type: 'Pass', Next: 'End', End: true }, '', 'Only one of these fields is allowed: [Next, End]'],
  [{}, '', 'These fields are required: [Type]'],
  [{ Type: 'Nope' }, '/Type', 'Expected one of [Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map]'],
  [{ ...END, Retry: [] }, '', "Field 'Retry' is not supported"],
  [{ Type: 'Succeed', Next: 'End' }, '', "Field 'Next' is not supported"],
  [{ ...END, Comment: 1 }, '/Comment', 'Expected a string but was 1'],
  [{ ...END, OutputPath: 'Test' }, '/OutputPath', 'Value must be a valid JSONPath.'],
  [{ ...END, ResultPath: '$.a[*]' }, '/ResultPath', 'Value must be a valid Reference Path.'],
  [{ ...END, ResultPath: '$$.a' }, '/ResultPath', 'Value must be a valid Reference Path.'],
  [
    { ...END, Parameters: { a: [{ 'b.$': 'c' }] } },
    '/Parameters',
    "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
  ],
  [
    { ...END, Assign: { 'Variable.$': 'Test' } },
    '/Assign',
    "The value for the field 'Variable.$' must be a valid JSONPath or a valid intrinsic function call",
  ],
  [
    { ...END, Parameters: { 'a.$': 'States.Nope()' } },
    '/Parameters',
    "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call",
  ],
  [
    { ...END, Assign: { '1a': 1 } },
    '/Assign',
    "'1a' is not a valid variable name: an identifier of at most 80 characters",
  ],
  [{ ...END, Assign: { states: 1 } }, '/Assign', "The variable name 'states' is reserved"],
  [
    { ...END, Output: 1 },
    '',
    "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
  ],
  [
    { ...END, ...jsonata, InputPath: '$' },
    '',
    "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage",
  ],
  [{ ...END, QueryLanguage: 'SQL' }, '/QueryLanguage', 'Expected one of [JSONPath, JSONata]'],
  [task({ Resource: undefined }), '', 'These fields are required: [Resource]'],
  [task({ TimeoutSeconds: 0 }), '/TimeoutSeconds', 'Expected an integer from 1 to 99999999 but was 0'],
  [task({ TimeoutSeconds: 5, HeartbeatSeconds: 5 }), '', 'HeartbeatSeconds must be less than TimeoutSeconds'],
  [
    task({ TimeoutSeconds: 5, TimeoutSecondsPath: '$.t' }),
    '',
    'Only one of these fields is allowed: [TimeoutSeconds, TimeoutSecondsPath]',
  ],
  [task({ Credentials: {} }), '/Credentials', "The field 'RoleArn' is required but was missing"],
  [task({ Retry: [{}] }), '/Retry[0]', 'These fields are required: [ErrorEquals]'],
  [task({ Retry: [{ ErrorEquals: [] }] }), '/Retry[0]/ErrorEquals', 'The array must not be empty'],
  [
    task({ Retry: [{ ErrorEquals: ['A'], BackoffRate: 0.5 }] }),
    '/Retry[0]/BackoffRate',
    'Expected a number of at least 1 but was 0.5',
  ],
  [
    task({ Retry: [{ ErrorEquals: ['States.ALL', 'A'] }] }),
    '/Retry[0]',
    "'States.ALL' must appear alone in ErrorEquals",
  ],
  [
    task({ Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] }),
    '/Retry[0]',
    "'States.ALL' must be in the last of the list",
  ],
  [task({ Catch: [{ ErrorEquals: ['A'] }] }), '/Catch[0]', 'These fields are required: [Next]'],
  [
    { Type: 'Wait', End: true },
    '',
    'One of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]',
  ],
  [
    { Type: 'Wait', Seconds: 1, SecondsPath: '$.s', End: true },
    '',
    'Only one of these fields is allowed: [Seconds, SecondsPath]',
  ],
  [
    { Type: 'Wait', Timestamp: '2026-01-31 12:00:00Z', End: true },
    '/Timestamp',
    'String does not match RFC3339 timestamp',
  ],
  [
    { Type: 'Fail', CausePath: 'x' },
    '/CausePath',
    'Value must be a valid JSONPath or a valid intrinsic function call.',
  ],
  [{ Type: 'Fail', Cause: 'x', CausePath: '$.x' }, '', 'Only one of these fields is allowed: [Cause, CausePath]'],
  [{ Type: 'Choice' }, '', 'These fields are required: [Choices]'],
  [{ Type: 'Choice', Choices: [] }, '/Choices', 'The array must not be empty'],
  [choice({ Variable: '$.a' }), '/Choices[0]', 'A Choice Rule has exactly one operator, but there are 0'],
  [
    choice({ Variable: '$.a', IsNull: true, IsString: true }),
    '/Choices[0]',
    'A Choice Rule has exactly one operator, but there are 2',
  ],
  [choice({ Variable: '$.a', IsNull: true, StringIs: 'x' }), '/Choices[0]', "Field 'StringIs' is not supported"],
  [choice({ IsNull: true }), '/Choices[0]', 'These fields are required: [Variable]'],
  [choice({ Variable: '$.a', NumericEquals: '1' }), '/Choices[0]/NumericEquals', 'Expected a number but was "1"'],
  [
    choice({ Variable: '$.a', TimestampEquals: 'today' }),
    '/Choices[0]/TimestampEquals',
    'String does not match RFC3339 timestamp',
  ],
  [
    choice({ Variable: '$.a', NumericEqualsPath: 'b' }),
    '/Choices[0]/NumericEqualsPath',
    'Value must be a valid JSONPath.',
  ],
  [
    choice({ And: [{ Variable: '$.a', IsNull: true, Next: 'End' }] }),
    '/Choices[0]/And[0]',
    "Field 'Next' is not supported",
  ],
  [choice({ Not: { Or: [] } }), '/Choices[0]/Not/Or', 'The array must not be empty'],
  [choice({}, jsonata), '/Choices[0]', 'These fields are required: [Condition]'],
  [choice({ Condition: 'yes' }, jsonata), '/Choices[0]/Condition', 'Expected a boolean but was "yes"'],
  [{ Type: 'Parallel', End: true, Branches: [] }, '/Branches', 'Expected an array that is not empty'],
  [
    { Type: 'Parallel', End: true, Branches: [{ StartAt: 'B' }] },
    '/Branches[0]',
    'These fields are required: [States]',
  ],
  [{ Type: 'Map', End: true }, '', 'One of these fields is required: [ItemProcessor, Iterator]'],
  [map({}, jsonata), '/ItemProcessor', "Field 'QueryLanguage' is not supported"],
  [
    map({}, { ProcessorConfig: { Mode: 'DISTRIBUTED' } }),
    '/ItemProcessor/ProcessorConfig',
    'These fields are required: [ExecutionType]',
  ],
  [map({ Label: 'x' }), '', "Field 'Label' is only supported for the 'DISTRIBUTED' mode"],
  [map({ Label: '' }, DISTRIBUTED), '/Label', 'Label cannot be empty'],
  [map({ Label: 'x'.repeat(41) }, DISTRIBUTED), '/Label', 'Label cannot exceed 40 characters'],
  [map({ Label: 'a b' }, DISTRIBUTED), '/Label', "Label contains invalid character: ' '"],
  [
    map({ ItemReader: { Resource: 'arn:aws:states:::s3:getObject' } }, DISTRIBUTED),
    '/ItemReader/Resource',
    'The resource provided arn:aws:states:::s3:getObject is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.',
  ],
  [
    map({ ...jsonata, Items: [] }, { States: { Inner: { ...END, Output: 1 } } }),
    '/ItemProcessor/States/Inner',
    "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
  ],
])('fails: %j at %s', (state, at, message) => {
  expect(findIn(state)).toEqual([[`/States/S${at}`, message]]);
});
