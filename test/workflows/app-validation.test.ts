import {
  DeleteAppCommand,
  DeleteAppValidationConfigurationCommand,
  GetAppValidationConfigurationCommand,
  GetAppValidationOutputCommand,
  LaunchAppCommand,
  NotifyAppValidationOutputCommand,
  PutAppValidationConfigurationCommand,
  type PutAppValidationConfigurationRequest,
  TerminateAppCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Template } from '../../lib/domain/template.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { importCatalog, replicatedApp, type TestApp } from '../support/app.ts';
import { type Started, start } from '../support/start.ts';

const MINUTE = 60_000;
const BUCKET = 'sms-app-scripts';

let clock: VirtualClock;
let started: Started;
let servers: Map<string, string>;
const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;
const pass = (ms = MINUTE) => clock.advance(ms, () => started.rehost.idle());

/** A service on a clock of its own, with a catalog of two servers and some scripts. */
async function begin(runScripts: boolean) {
  clock = new VirtualClock();
  started = await start({ clock, auth: 'none', servers: ['db1', 'web1'], runScripts });
  servers = await importCatalog(started, pass);
  const scripts = {
    good: '#!/bin/sh\necho shop answers\n',
    bad: '#!/bin/sh\necho no answer >&2\nexit 3\n',
    ps: 'exit 0',
  };
  for (const [key, body] of Object.entries(scripts))
    await started.rehost.services.objects.put({ bucket: BUCKET, key }, body);
}
beforeEach(() => begin(true));
afterEach(() => started.end());

const ofServer = (name: string) => servers.get(name)!;
const launched = async () =>
  replicatedApp(started, pass, { groups: [[ofServer('db1')], [ofServer('web1')]], replication: { frequency: 12 } });
const script = (key: string) => ({
  source: { s3Location: { bucket: BUCKET, key } },
  scriptType: 'SHELL_SCRIPT' as const,
});
const ssm = (key: string, more: object = {}) => ({
  name: `check-${key}`,
  appValidationStrategy: 'SSM' as const,
  ssmValidationParameters: { ...script(key), instanceId: 'mi-0123456789abcdef0', command: `./${key}`, ...more },
});
const userData = ({ groups }: TestApp, tier: number, key: string) => ({
  serverGroupId: groups[tier - 1]!.serverGroupId,
  serverValidationConfigurations: [
    {
      server: { serverId: groups[tier - 1]!.serverIds[0]! },
      name: `boot-${tier}`,
      serverValidationStrategy: 'USERDATA' as const,
      userDataValidationParameters: script(key),
    },
  ],
});
const put = (appId: string, configuration: object) =>
  send(new PutAppValidationConfigurationCommand({ appId, ...configuration } as PutAppValidationConfigurationRequest));
const outputs = async (appId: string) =>
  (await send(new GetAppValidationOutputCommand({ appId }))).validationOutputList ?? [];
const statuses = async (appId: string) => (await outputs(appId)).map(({ name, status }) => `${name} ${status}`);
/** The address in the server's user data at which it reports. */
const addressOf = async (appId: string, logicalId: string) => {
  const { templateBody } = (await started.rehost.services.stacks.describe(`sms-${appId}`))!;
  const { UserData } = (JSON.parse(templateBody) as Template).Resources[logicalId]!.Properties as {
    UserData: { 'Fn::Base64': string };
  };
  return /"(http[^"$]+)\/\$status"/.exec(UserData['Fn::Base64'])![1]!;
};

describe('validation by Systems Manager', () => {
  test('runs each script once the application is launched, and keeps its output', async () => {
    const { appId } = await launched();
    await put(appId, { appValidationConfigurations: [ssm('good'), ssm('bad')] });
    expect(await statuses(appId)).toEqual(['check-good READY_FOR_VALIDATION', 'check-bad READY_FOR_VALIDATION']);
    await send(new LaunchAppCommand({ appId }));
    for (let waited = 0; waited < 50 && (await statuses(appId)).some((status) => !/SUCC|FAIL/.test(status)); waited++) {
      await pass(2_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [good, bad] = await outputs(appId);
    expect(good).toMatchObject({ status: 'SUCCEEDED', statusMessage: 'shop answers' });
    expect(bad).toMatchObject({ status: 'FAILED', statusMessage: 'exit code 3: no answer' });
    const location = good!.appValidationOutput!.ssmOutput!.s3Location!;
    expect(await started.rehost.services.objects.get(location as never)).toBe('shop answers\n');
  });

  test('fails by name where no script may run, and where the script is not there', async () => {
    await started.end();
    await begin(false);
    const { appId } = await launched();
    await put(appId, { appValidationConfigurations: [ssm('good')] });
    await send(new LaunchAppCommand({ appId }));
    await pass();
    expect(await outputs(appId)).toMatchObject([
      { status: 'FAILED', statusMessage: expect.stringContaining('start rehost up with --run-scripts') },
    ]);
  });
});

describe('validation by user data', () => {
  test('a launched server reports its outcome at the address in its user data', async () => {
    const app = await launched();
    await put(app.appId, { serverGroupValidationConfigurations: [userData(app, 1, 'good'), userData(app, 2, 'bad')] });
    await send(new LaunchAppCommand({ appId: app.appId }));
    await pass();
    expect(await statuses(app.appId)).toEqual(['boot-1 IN_PROGRESS', 'boot-2 IN_PROGRESS']);
    const address = await addressOf(app.appId, 'Server1x1');
    const report = (url: string, body = 'shop answers\n') => fetch(url, { method: 'POST', body });
    expect((await report(`${address.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}/SUCCEEDED`)).status).toBe(400);
    expect((await report(`${address}/SUCCEEDED`)).status).toBe(200);
    expect((await report(`${address}/SUCCEEDED`)).status).toBe(200);
    expect(await (await report(`${address}/FAILED`)).text()).toContain('is SUCCEEDED already');
    const [first, second] = await outputs(app.appId);
    expect(first).toMatchObject({ status: 'SUCCEEDED', statusMessage: 'shop answers' });
    expect(first!.serverValidationOutput!.server!.vmServer!.vmName).toBe('db1');

    const validationId = second!.validationId!;
    const notify = (context: object) =>
      send(
        new NotifyAppValidationOutputCommand({ appId: app.appId, notificationContext: { validationId, ...context } }),
      );
    await notify({ status: 'FAILED', statusMessage: 'disk is full' });
    expect((await outputs(app.appId))[1]).toMatchObject({ status: 'FAILED', statusMessage: 'disk is full' });
    await expect(notify({ status: 'PENDING' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(notify({ status: 'FAILED', validationId: 'val-00000000000000000' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  test('a server that stays silent has failed after an hour', async () => {
    const app = await launched();
    await put(app.appId, { serverGroupValidationConfigurations: [userData(app, 1, 'good')] });
    await send(new LaunchAppCommand({ appId: app.appId }));
    await pass(62 * MINUTE);
    expect(await outputs(app.appId)).toMatchObject([
      { status: 'FAILED', statusMessage: 'the server did not report within 60 minutes' },
    ]);
  });

  test('a termination ends what was under way; a further launch begins anew', async () => {
    const app = await launched();
    await put(app.appId, { serverGroupValidationConfigurations: [userData(app, 1, 'good')] });
    await send(new LaunchAppCommand({ appId: app.appId }));
    await pass();
    await send(new TerminateAppCommand({ appId: app.appId }));
    await pass(3 * MINUTE);
    expect(await statuses(app.appId)).toEqual(['boot-1 FAILED']);
    await send(new LaunchAppCommand({ appId: app.appId }));
    await pass();
    expect(await statuses(app.appId)).toEqual(['boot-1 IN_PROGRESS']);
  });
});

describe('the configuration', () => {
  test('is answered as it was put, keeps its ids when it is put again, and goes with the application', async () => {
    const app = await launched();
    const { appId } = app;
    await put(appId, {
      appValidationConfigurations: [ssm('good')],
      serverGroupValidationConfigurations: [userData(app, 2, 'bad')],
    });
    const first = await send(new GetAppValidationConfigurationCommand({ appId }));
    expect(first.appValidationConfigurations).toMatchObject([
      { validationId: expect.stringMatching(/^val-[0-9a-f]{17}$/), ...ssm('good', { executionTimeoutSeconds: 900 }) },
    ]);
    expect(first.serverGroupValidationConfigurations).toMatchObject([userData(app, 2, 'bad')]);
    const { $metadata: _, ...again } = first;
    await put(appId, again);
    const { $metadata: __, ...second } = await send(new GetAppValidationConfigurationCommand({ appId }));
    expect(second).toEqual(again);
    await send(new DeleteAppValidationConfigurationCommand({ appId }));
    expect(await outputs(appId)).toEqual([]);
    await put(appId, { appValidationConfigurations: [ssm('good')] });
    await send(new DeleteAppCommand({ appId, forceStopAppReplication: true }));
    await pass(2 * MINUTE);
    expect(await started.rehost.services.store.get('ValidationConfiguration', appId)).toBeUndefined();
  });

  test.each([
    ['a script outside of the service’s buckets', { source: { s3Location: { bucket: 'mine', key: 'k' } } }, 'sms-app-'],
    ['an output bucket of another name', { outputS3BucketName: 'mine' }, 'sms-app-'],
    ['no instance', { instanceId: undefined }, 'instanceId is required'],
    ['no command', { command: undefined }, 'command is required'],
  ])('fails with %s', async (_, parameters, message) => {
    const { appId } = await launched();
    await expect(put(appId, { appValidationConfigurations: [ssm('good', parameters)] })).rejects.toMatchObject({
      message: expect.stringContaining(message),
    });
  });

  test('fails with another application’s validation, a server twice, and too many scripts', async () => {
    const app = await launched();
    const { appId } = app;
    const twice = [userData(app, 1, 'good'), userData(app, 1, 'bad')];
    const foreign = { ...ssm('good'), validationId: 'val-00000000000000000' };
    const cases = [
      [{ appValidationConfigurations: [foreign] }, 'InvalidParameterException', 'has no validation val-0'],
      [{ serverGroupValidationConfigurations: twice }, 'InvalidParameterException', 'has two validations'],
      [{ appValidationConfigurations: Array(11).fill(ssm('good')) }, 'OperationNotPermittedException', 'at most 10'],
      [
        { appValidationConfigurations: Array(6).fill(ssm('good', { command: 'x'.repeat(64_000) })) },
        'OperationNotPermittedException',
        'put long commands into the scripts',
      ],
    ] as const;
    for (const [configuration, name, message] of cases)
      await expect(put(appId, configuration)).rejects.toMatchObject({
        name,
        message: expect.stringContaining(message),
      });
  });
});
