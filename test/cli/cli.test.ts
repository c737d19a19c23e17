import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Running, rehost, up } from '../support/process.ts';

let folder: string;
let running: Running;
let env: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'datacenter'));
  writeFileSync(join(folder, 'datacenter', 'app1.img'), Buffer.alloc(2_000_000, 'data'));
  running = await up(['--data', join(folder, 'data'), '--source', `images:${join(folder, 'datacenter')}`]);
  const { url, credentials, region } = running.endpoint;
  env = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
  };
}, 20_000);
afterAll(async () => {
  await running.kill();
  rmSync(folder, { recursive: true });
});

const PLAN =
  'app: { name: one }\nserverGroups: [{ name: all, launchOrder: 1, servers: [{ name: app1 }] }]\nreplication: { runOnce: true }\n';
function planFile(text: string): string {
  const path = join(folder, 'plan.yaml');
  writeFileSync(path, text);
  return path;
}

describe('against the service of the environment', () => {
  test('import lists the servers', async () => {
    const { status, stdout } = await rehost(['import'], env);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^s-[0-9a-f]{8}\tapp1\t.*\n1 servers in the catalog\n$/s),
    ]);
  });

  test('migrate shows its steps on plain lines, and what it made', async () => {
    const { status, stdout, stderr } = await rehost(['migrate', planFile(PLAN)], env);
    expect([status, stderr]).toEqual([0, '']);
    for (const line of [
      'Importing the server catalog',
      'Replicating',
      '  app1: 100% completed',
      'Launching',
      'Application one is migrated.',
      'Images (1)',
      'Stack',
      'Events published',
      'Time',
    ]) {
      expect(stdout).toContain(`${line}\n`);
    }
  }, 20_000);

  test('status shows the application and its job', async () => {
    const { stdout } = await rehost(['status'], env);
    expect(stdout).toMatch(/one {2}1 servers {2}REPLICATED {2}LAUNCHED/);
    expect(stdout).toMatch(/sms-job-[0-9a-f]{8} {2}app1 {2}COMPLETED {2}ami-[0-9a-f]{17}/);
  });

  test('events prints them in their order, as lines or JSON', async () => {
    const { stdout } = await rehost(['events'], env);
    const positions = stdout
      .trim()
      .split('\n')
      .map((line) => Number.parseInt(line, 10));
    expect(positions).toEqual(positions.map((_, index) => index + 1));
    const json = await rehost(['events', '--json', '--after', String(positions.length - 1)], env);
    expect(JSON.parse(json.stdout)).toMatchObject({
      source: 'rehost',
      'detail-type': 'Migration State Change',
      detail: { to: 'MIGRATED' },
    });
  });

  test('fails with a wrong secret, and says what to do', async () => {
    const { status, stderr } = await rehost(['status'], { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/signature/i)]);
  });
});

describe('a plan with a validation', () => {
  const bucket = 'sms-app-scripts';
  const place = () => join(folder, 'validated', 'objects', bucket);
  const migrate = (...options: string[]) => {
    const check = `{ name: answers, instanceId: mi-0123456789abcdef0, s3Location: { bucket: ${bucket}, key: check.sh }, scriptType: SHELL_SCRIPT, command: ./check.sh }`;
    const file = planFile(`${PLAN}validation: { ssm: [${check}] }\nsources: [images:datacenter]\n`);
    return rehost(['migrate', file, '--data', join(folder, 'validated'), '--run-scripts', ...options], {
      AWS_ENDPOINT_URL: '',
    });
  };
  const script = (text: string) => {
    mkdirSync(place(), { recursive: true });
    writeFileSync(join(place(), 'check.sh'), `#!/bin/sh\n${text}\n`);
  };

  test('fails with what its script says, and ends well once that is put right', async () => {
    script('echo the shop is closed; exit 3');
    expect(await migrate()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('ValidationFailed: answers: exit code 3: the shop is closed'),
    });
    script('echo the shop answers');
    const { status, stdout } = await migrate('--resume');
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('Validations (1)\n  answers  SUCCEEDED  the shop answers\n'),
    ]);
    expect(stdout.match(/^Validating$/gm)).toHaveLength(1);
  }, 60_000);
});

describe('fails with exit status 2 and the usage', () => {
  test.each([
    ['an unknown command', ['fly'], 'there is no command fly'],
    ['an unknown option', ['up', '--prot', '1'], 'there is no option --prot'],
    ['an option without its value', ['up', '--port'], '--port PORT: give the value'],
    ['a value that is not wanted', ['up', '--run-scripts=yes'], '--run-scripts takes no value'],
    ['an option that is required', ['export', 'ami-1'], '--output FILE is required'],
    ['an argument too many', ['status', 'all'], 'nothing is expected where it says all'],
    ['an unknown action', ['connectors', 'fly'], 'there is no fly; there are list, code, rotate'],
    ['a bad port', ['up', '--port', 'x'], '--port x'],
    ['a source that is not there', ['up', '--source', 'images:/nowhere/at/all'], '/nowhere/at/all'],
    ['an unknown kind of source', ['up', '--source', 'tape:x'], 'tape:x'],
    ['no signatures beyond loopback', ['up', '--auth', 'none', '--host', '0.0.0.0'], 'loopback'],
    ['a bad account', ['up', '--account', '12'], 'an account has 12 digits'],
    ['a bad bandwidth', ['up', '--bandwidth', 'fast'], '--bandwidth fast: give bytes or bits a second as 20MiB'],
    ['two bandwidths for all times', ['up', '--bandwidth', '1MiB', '--bandwidth', '2MiB'], 'give this one a window'],
    ['an unknown verification', ['up', '--verify', 'some'], '--verify some: give listing, samples, full'],
    ['a bad number of runs', ['up', '--scan-every', '0'], '--scan-every 0'],
    ['no service in the environment', ['status'], 'AWS_ENDPOINT_URL is not set'],
    ['a migration without a file', ['migrate'], 'name the migration file'],
  ])('for %s', async (_, args, message) => {
    const { status, stderr } = await rehost(args, { AWS_ENDPOINT_URL: '' });
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(stderr).toContain('usage: rehost');
  });
});

test('fails with exit status 2 where an option would do nothing', async () => {
  const { status, stderr } = await rehost(['migrate', planFile(PLAN), '--bandwidth', '1MiB'], env);
  expect([status, stderr]).toEqual([2, expect.stringContaining('--bandwidth is for a service of its own')]);
});

describe('fails with exit status 1 and the member', () => {
  test.each([
    ['a file that is not there', undefined, 'there is no such file'],
    [
      'a validation of no script',
      `${PLAN}validation: { ssm: [{ name: a }] }\n`,
      'validation.ssm[0].s3Location is required',
    ],
    ['an unknown member', `${PLAN}groups: []\n`, 'there is no member groups'],
    [
      'a wrong type',
      PLAN.replace('launchOrder: 1', 'launchOrder: first'),
      'serverGroups[0].launchOrder: "first" is not a number',
    ],
    [
      'a repeated server',
      PLAN.replace('[{ name: app1 }]', '[{ name: app1 }, { name: app1 }]'),
      'server app1 is named twice',
    ],
  ])('for %s', async (_, text, message) => {
    const path = text === undefined ? join(folder, 'nothing.yaml') : planFile(text);
    const { status, stderr } = await rehost(['migrate', path], env);
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});

test.each([
  [
    'no service there',
    ['status'],
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    /ECONNREFUSED 127.0.0.1:1; is there a service at/,
  ],
  ['no such migration', ['approve', 'nothing'], {}, /there is no migration nothing/],
])('fails with exit status 1 and what to do: %s', async (_, args, more, message) => {
  const { status, stderr } = await rehost(args, { ...env, ...more });
  expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
});

test('fails with what to do when its port is taken', async () => {
  const port = new URL(running.endpoint.url).port;
  const { status, stderr } = await rehost(['up', '--port', port, '--data', join(folder, 'other')]);
  expect([status, stderr]).toEqual([1, expect.stringContaining(`port ${port} of 127.0.0.1 is taken`)]);
});

test('says which version it is', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
  expect((await rehost(['--version'])).stdout).toBe(`rehost ${version}\n`);
});

test('the README shows the help as it is printed', async () => {
  const { stdout } = await rehost(['help']);
  expect(readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')).toContain(stdout.trim());
});
