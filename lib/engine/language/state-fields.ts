import { checkAssign } from './check-assign.ts';
import { checkChoices } from './check-choice.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkCatch, checkRetry } from './check-errors.ts';
import { checkTemplate } from './check-expression.ts';
import type { Fields } from './check-fields.ts';
import { checkItemBatcher, checkItemReader, checkLabel } from './check-map.ts';
import { checkResource } from './check-resource.ts';
import {
  anything,
  flag,
  integer,
  orExpression,
  path,
  pathOrIntrinsic,
  pathOrNull,
  percentage,
  referencePathOrNull,
  text,
  timestamp,
} from './check-value.ts';
import type { State } from './definition.ts';

/** The longest time that AWS takes in seconds: three years and a bit. */
const MOST_SECONDS = 99_999_999;

const COMMON: Fields = {
  Type: { check: text },
  Comment: { check: text },
  QueryLanguage: { check: anything },
};
const PATHS: Fields = {
  InputPath: { check: pathOrNull, language: 'JSONPath' },
  OutputPath: { check: pathOrNull, language: 'JSONPath' },
};
const TRANSITION: Fields = { Next: { check: text }, End: { check: flag } };
const OUTPUT: Fields = { Output: { check: checkTemplate, language: 'JSONata' } };
const ASSIGN: Fields = { Assign: { check: checkAssign } };
const PARAMETERS: Fields = { Parameters: { check: checkTemplate, language: 'JSONPath' } };
const RESULT_PATH: Fields = { ResultPath: { check: referencePathOrNull, language: 'JSONPath' } };
const RESULT: Fields = { ...RESULT_PATH, ResultSelector: { check: checkTemplate, language: 'JSONPath' } };
const ARGUMENTS: Fields = { Arguments: { check: checkTemplate, language: 'JSONata' } };
const ERRORS: Fields = { Retry: { check: checkRetry }, Catch: { check: checkCatch } };

const seconds = { check: orExpression(integer(1, MOST_SECONDS)) };
const pathField = { check: path, language: 'JSONPath' } as const;
/** What states with branches or iterations have inside is checked as a machine, not as a field. */
const machine = { check: anything };

/** The fields of each state type. */
export const STATE_FIELDS: Readonly<Record<State['Type'], Fields>> = {
  Task: {
    ...COMMON,
    ...PATHS,
    ...TRANSITION,
    ...OUTPUT,
    ...ASSIGN,
    ...PARAMETERS,
    ...ARGUMENTS,
    ...RESULT,
    ...ERRORS,
    Resource: { check: checkResource, required: true },
    Credentials: { check: checkCredentials },
    TimeoutSeconds: seconds,
    TimeoutSecondsPath: pathField,
    HeartbeatSeconds: seconds,
    HeartbeatSecondsPath: pathField,
  },
  Pass: {
    ...COMMON,
    ...PATHS,
    ...TRANSITION,
    ...OUTPUT,
    ...ASSIGN,
    ...PARAMETERS,
    ...RESULT_PATH,
    Result: { check: anything, language: 'JSONPath' },
  },
  Choice: {
    ...COMMON,
    ...PATHS,
    ...OUTPUT,
    ...ASSIGN,
    Choices: { check: checkChoices, required: true },
    Default: { check: text },
  },
  Wait: {
    ...COMMON,
    ...PATHS,
    ...TRANSITION,
    ...OUTPUT,
    ...ASSIGN,
    Seconds: { check: orExpression(integer(0, MOST_SECONDS)) },
    SecondsPath: pathField,
    Timestamp: { check: orExpression(timestamp) },
    TimestampPath: pathField,
  },
  Succeed: { ...COMMON, ...PATHS, ...OUTPUT },
  Fail: {
    ...COMMON,
    Error: { check: orExpression(text) },
    ErrorPath: { check: pathOrIntrinsic, language: 'JSONPath' },
    Cause: { check: orExpression(text) },
    CausePath: { check: pathOrIntrinsic, language: 'JSONPath' },
  },
  Parallel: {
    ...COMMON,
    ...PATHS,
    ...TRANSITION,
    ...OUTPUT,
    ...ASSIGN,
    ...PARAMETERS,
    ...ARGUMENTS,
    ...RESULT,
    ...ERRORS,
    Branches: { ...machine, required: true },
  },
  Map: {
    ...COMMON,
    ...PATHS,
    ...TRANSITION,
    ...OUTPUT,
    ...ASSIGN,
    ...PARAMETERS,
    ...RESULT,
    ...ERRORS,
    ItemProcessor: machine,
    Iterator: machine,
    Items: { check: checkTemplate, language: 'JSONata' },
    ItemsPath: pathField,
    ItemSelector: { check: checkTemplate },
    ItemReader: { check: checkItemReader },
    ItemBatcher: { check: checkItemBatcher },
    ResultWriter: { check: checkItemReader },
    Label: { check: checkLabel },
    MaxConcurrency: { check: orExpression(integer(0, MOST_SECONDS)) },
    MaxConcurrencyPath: pathField,
    ToleratedFailureCount: { check: orExpression(integer(0, MOST_SECONDS)) },
    ToleratedFailureCountPath: pathField,
    ToleratedFailurePercentage: { check: orExpression(percentage) },
    ToleratedFailurePercentagePath: pathField,
  },
};

/** Fields that exclude each other, beside those that each state has exactly one of. */
export const EXCLUSIVE: readonly (readonly string[])[] = [
  ['TimeoutSeconds', 'TimeoutSecondsPath'],
  ['HeartbeatSeconds', 'HeartbeatSecondsPath'],
  ['Error', 'ErrorPath'],
  ['Cause', 'CausePath'],
  ['Parameters', 'ItemSelector'],
  ['MaxConcurrency', 'MaxConcurrencyPath'],
  ['ToleratedFailureCount', 'ToleratedFailureCountPath'],
  ['ToleratedFailurePercentage', 'ToleratedFailurePercentagePath'],
];
