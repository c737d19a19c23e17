import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readPlan } from '../../lib/workflows/app-migration/plan.ts';

const s3Location = { bucket: 'sms-app-scripts', key: 'check.sh' };
const script = { name: 'check', s3Location, scriptType: 'SHELL_SCRIPT' };
const ssm = { ...script, instanceId: 'mi-0123456789abcdef0', command: './check.sh' };
const userData = { ...script, name: 'boot', server: 'db1' };
const plan = (validation: unknown) => ({
  app: { name: 'shop' },
  serverGroups: [{ name: 'all', launchOrder: 1, servers: [{ name: 'db1' }, { name: 'web1' }] }],
  validation,
});

test('a plan may say how the application is validated', () => {
  const whole = plan({
    ssm: [{ ...ssm, executionTimeoutSeconds: 60, outputS3BucketName: 'sms-app-out' }],
    userData: [userData],
  });
  expect(readPlan(whole)).toEqual(whole);
  expect(readPlan(plan({}))).toEqual(plan({}));
});

test('the validation in the example’s comments is one', () => {
  const text = readFileSync(join(import.meta.dirname, '../../examples/shop/migration.yaml'), 'utf8');
  const { sources: _, ...example } = parse(text.replaceAll(/^# (?=validation:| {2})/gm, ''));
  expect(readPlan(example).validation).toMatchObject({
    ssm: [{ name: 'shop-answers' }],
    userData: [{ server: 'db1' }],
  });
});

test.each<[string, unknown, string]>([
  ['a list', [], 'validation: [] is not a object'],
  ['an unknown strategy', { powershell: [] }, 'validation: there is no member powershell; there are ssm, userData'],
  ['an unknown member', { ssm: [{ ...ssm, server: 'db1' }] }, 'validation.ssm[0]: there is no member server'],
  ['no name', { ssm: [{ ...ssm, name: '' }] }, 'validation.ssm[0].name is required'],
  ['a name of two words', { ssm: [{ ...ssm, name: 'a b' }] }, 'validation.ssm[0].name: "a b" has a space'],
  ['no instance', { ssm: [{ ...ssm, instanceId: undefined }] }, 'validation.ssm[0].instanceId'],
  [
    'an instance of another form',
    { ssm: [{ ...ssm, instanceId: 'web1' }] },
    'instanceId: web1; give a managed instance',
  ],
  ['no time', { ssm: [{ ...ssm, executionTimeoutSeconds: 5 }] }, 'executionTimeoutSeconds: 5; give 60 to 28800'],
  ['no command', { ssm: [{ ...script, instanceId: 'mi-0123456789abcdef0' }] }, 'validation.ssm[0].command is required'],
  [
    'no script',
    { userData: [{ name: 'a', server: 'db1', scriptType: 'SHELL_SCRIPT' }] },
    'userData[0].s3Location is required',
  ],
  ['no key', { ssm: [{ ...ssm, s3Location: { bucket: 'sms-app-a' } }] }, 'ssm[0].s3Location.key is required'],
  [
    'a bucket of another name',
    { ssm: [{ ...ssm, s3Location: { bucket: 'mine', key: 'k' } }] },
    'bucket: mine; the service uses only',
  ],
  ['an output bucket of another name', { ssm: [{ ...ssm, outputS3BucketName: 'mine' }] }, 'outputS3BucketName: mine'],
  [
    'an unknown type',
    { ssm: [{ ...ssm, scriptType: 'BASH' }] },
    'scriptType: BASH is not one of SHELL_SCRIPT, POWERSHELL_SCRIPT',
  ],
  [
    'a time that is no number',
    { ssm: [{ ...ssm, executionTimeoutSeconds: '5m' }] },
    'executionTimeoutSeconds: "5m" is not a number',
  ],
  [
    'a server of no group',
    { userData: [{ ...userData, server: 'db9' }] },
    'server: db9 is in no group; there are db1, web1',
  ],
  ['a name twice', { ssm: [ssm], userData: [{ ...userData, name: 'check' }] }, 'validation: check is the name of two'],
  ['a server twice', { userData: [userData, { ...userData, name: 'b' }] }, 'validation.userData: server db1 has two'],
])('fails with %s', (_, validation, message) => {
  expect(() => readPlan(plan(validation))).toThrow(message);
});
