import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GenerateChangeSetCommand,
  LaunchAppCommand,
  StartOnDemandAppReplicationCommand,
  TerminateAppCommand,
} from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { ChangeSet } from '../../lib/domain/change-set.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { importCatalog, putLaunch, replicatedApp, type TestApp } from '../support/app.ts';
import { type Started, start } from '../support/start.ts';

let clock: VirtualClock;
let started: Started;
let app: TestApp;
const send: Started['sms']['send'] = ((command: never) => started.sms.send(command)) as never;
const pass = (ms = 60_000) => clock.advance(ms, () => started.rehost.idle());

beforeEach(async () => {
  clock = new VirtualClock();
  started = await start({ clock, auth: 'none', servers: ['db1', 'web1'] });
  const servers = await importCatalog(started, pass);
  const groups = [[servers.get('db1')!], [servers.get('web1')!]];
  app = await replicatedApp(started, pass, { groups, replication: { frequency: 24 } });
});
afterEach(() => started.end());

const generate = async (changesetFormat?: 'JSON' | 'YAML') => {
  const { s3Location } = await send(new GenerateChangeSetCommand({ appId: app.appId, changesetFormat }));
  const text = await started.rehost.services.objects.get(s3Location as never);
  return { ...s3Location, text: text!, changeSet: parse(text!) as ChangeSet };
};

test('fails while nothing is launched', async () => {
  await expect(generate()).rejects.toMatchObject({
    name: 'OperationNotPermittedException',
    message: expect.stringContaining('has no launched stack'),
  });
});

test('says what a launch would change, in JSON and YAML, and the launch does that', async () => {
  await send(new LaunchAppCommand({ appId: app.appId }));
  await pass();
  expect((await generate()).changeSet).toMatchObject({ Status: 'FAILED', Changes: [] });
  const before = (await started.rehost.services.stacks.describe(`sms-${app.appId}`))!.resources;

  appendFileSync(join(started.source, 'db1', 'disk.img'), Buffer.alloc(600_000, 'more'));
  await send(new StartOnDemandAppReplicationCommand({ appId: app.appId }));
  await pass();
  await putLaunch(started, app, { instanceType: 'm5.large' });
  const json = await generate('JSON');
  const yaml = await generate('YAML');
  expect([json.key, yaml.key]).toEqual([expect.stringMatching(/\.json$/), expect.stringMatching(/\.yaml$/)]);
  expect(JSON.parse(json.text)).toEqual(yaml.changeSet);
  expect(json.changeSet).toMatchObject({
    StackName: `sms-${app.appId}`,
    Changes: [
      { ResourceChange: { LogicalResourceId: 'Server1x1', Replacement: 'True' } },
      { ResourceChange: { LogicalResourceId: 'Server2x1', Replacement: 'True' } },
    ],
  });

  await send(new LaunchAppCommand({ appId: app.appId }));
  await pass();
  const after = (await started.rehost.services.stacks.describe(`sms-${app.appId}`))!.resources;
  const changed = after.filter(({ logicalId, physicalId }) =>
    before.every((one) => one.logicalId !== logicalId || one.physicalId !== physicalId),
  );
  expect(changed.map(({ logicalId }) => logicalId)).toEqual(['Server1x1', 'Server2x1']);
  await send(new TerminateAppCommand({ appId: app.appId }));
  await pass();
  await expect(generate()).rejects.toMatchObject({ name: 'OperationNotPermittedException' });
});
