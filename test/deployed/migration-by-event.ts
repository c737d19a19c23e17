import { CreateTagsCommand, DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import {
  DeleteAppCommand,
  DeleteAppValidationConfigurationCommand,
  GenerateChangeSetCommand,
  GetAppCommand,
  GetAppLaunchConfigurationCommand,
  GetAppValidationOutputCommand,
  LaunchAppCommand,
  ListAppsCommand,
  PutAppLaunchConfigurationCommand,
  PutAppValidationConfigurationCommand,
  type PutAppValidationConfigurationCommandInput,
  StartOnDemandAppReplicationCommand,
} from '@aws-sdk/client-sms';
import { expect, test } from '@jest/globals';
import type { Template } from '../../lib/domain/template.ts';
import { until } from '../support/start.ts';
import type { Deployment } from './deployment.ts';
import { ended, executionOf, historyOf, PATIENCE, statesOf, whileBroken } from './executions.ts';

/** What an event asks for: migrate, approve, migrate again, validate, go back. */
export function migrationByEvent(deployment: () => Deployment) {
  const BUCKET = 'sms-app-123456789012-us-east-1';
  const deployed = () => deployment();
  const send: Deployment['sms']['send'] = ((command: never) => deployed().sms.send(command)) as never;
  let appId: string;
  const app = async () => (await send(new GetAppCommand({ appId }))).appSummary!;
  const becomes = (member: 'launchStatus' | 'replicationStatus' | 'status', state: string) =>
    until(app, (one) => one[member] === state, PATIENCE);

  test('an event starts it, a person approves it, it ends as migrated once its server says that it works', async () => {
    const s3Location = { bucket: BUCKET, key: 'check' };
    await deployed().connector.services.objects.put(s3Location, '#!/bin/sh\ntrue\n');
    await requestMigration(deployed(), {
      app: { name: 'shop', tags: { team: 'a' } },
      serverGroups: [
        { name: 'database', launchOrder: 1, servers: [{ name: 'db1' }] },
        { name: 'web', launchOrder: 2, servers: [{ name: 'web1' }] },
      ],
      replication: { frequency: 24, numberOfRecentAmisToKeep: 1 },
      launch: { instanceType: 't3.small' },
      validation: { userData: [{ name: 'is-up', server: 'db1', s3Location, scriptType: 'SHELL_SCRIPT' }] },
      approval: true,
    });
    const execution = await executionOf(deployed(), 'app-migration', 'shop-migration-');
    await until(
      () => statesOf(deployed(), execution),
      (states) => states.includes('AwaitApproval') || states.includes('Failed'),
      PATIENCE,
    );
    await approve(deployed(), execution);
    const { apps = [] } = await send(new ListAppsCommand({}));
    appId = apps.find(({ name }) => name === 'shop')!.appId!;
    await until(outputs, ([validation]) => validation?.status === 'IN_PROGRESS', PATIENCE);
    await report('Db1');
    expect(await ended(deployed(), execution)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await app()).toMatchObject({ replicationStatus: 'REPLICATED', launchStatus: 'LAUNCHED' });
  }, 90_000);

  test('a second run replaces the images, and a launch the stack’s servers, which then validate', async () => {
    await send(new PutAppValidationConfigurationCommand({ appId, ...(await validations()) }));
    const before = await imagesOf(deployed());
    await send(new StartOnDemandAppReplicationCommand({ appId, description: 'before the launch' }));
    await becomes('replicationStatus', 'DELTA_REPLICATED');
    const after = await imagesOf(deployed());
    expect(after).toHaveLength(before.length);
    expect(after.filter((id) => before.includes(id))).toHaveLength(before.length - 2);
    await putConfigureScripts();
    await send(new GenerateChangeSetCommand({ appId, changesetFormat: 'JSON' }));
    await send(new LaunchAppCommand({ appId }));
    await until(
      outputs,
      (all) => all.every(({ status }) => status === 'IN_PROGRESS' || status === 'SUCCEEDED'),
      PATIENCE,
    );
    for (const logicalId of ['Db1', 'Web1']) await report(logicalId);
    await until(outputs, (all) => all.length === 3 && all.every(({ status }) => status === 'SUCCEEDED'), PATIENCE);
  }, 90_000);

  test('a validation that cannot be looked after fails by name', async () => {
    await send(new StartOnDemandAppReplicationCommand({ appId }));
    await becomes('replicationStatus', 'DELTA_REPLICATED');
    await whileBroken(deployed(), 'PollValidations', async () => {
      await send(new LaunchAppCommand({ appId }));
      await until(
        outputs,
        (all) =>
          all.some(({ status, statusMessage }) => status === 'FAILED' && /not allowed/.test(statusMessage ?? '')),
        PATIENCE,
      );
    });
  });

  test('is deleted with all that it started', async () => {
    await send(new DeleteAppValidationConfigurationCommand({ appId }));
    await send(new PutAppValidationConfigurationCommand({ appId, ...(await validations()) }));
    await send(new DeleteAppCommand({ appId, forceStopAppReplication: true, forceTerminateApp: true }));
    await becomes('status', 'DELETED');
  }, 90_000);

  const outputs = async () => (await send(new GetAppValidationOutputCommand({ appId }))).validationOutputList ?? [];

  /** A script that configures each server at its boot, of which one says first that it is not there. */
  async function putConfigureScripts() {
    const { roleName: _, ...configuration } = await send(new GetAppLaunchConfigurationCommand({ appId }));
    const put = (key: string) =>
      send(
        new PutAppLaunchConfigurationCommand({
          appId,
          serverGroupLaunchConfigurations: configuration.serverGroupLaunchConfigurations!.map((group) => ({
            ...group,
            serverLaunchConfigurations: group.serverLaunchConfigurations!.map((server) => ({
              ...server,
              configureScript: { bucket: BUCKET, key },
              configureScriptType: 'SHELL_SCRIPT' as const,
            })),
          })),
        }),
      );
    await put('nothing');
    expect((await app()).launchStatusMessage).toContain(`there is no object ${BUCKET}/nothing`);
    await put('check');
  }

  /** A script on an instance that consents, and one at the boot of each server. */
  async function validations(): Promise<Omit<PutAppValidationConfigurationCommandInput, 'appId'>> {
    const ec2 = new EC2Client(deployed().account.config);
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    const instanceId = Reservations.flatMap(({ Instances = [] }) => Instances)[0]!.InstanceId!;
    const Tags = ['UserForSMSApplicationValidation', 'UseForSMSApplicationValidation'].map((Key) => ({
      Key,
      Value: 'true',
    }));
    await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags }));
    const script = { source: { s3Location: { bucket: BUCKET, key: 'check' } }, scriptType: 'SHELL_SCRIPT' as const };
    const { serverGroups = [] } = await send(new GetAppCommand({ appId }));
    return {
      appValidationConfigurations: [
        {
          name: 'check',
          appValidationStrategy: 'SSM',
          ssmValidationParameters: { ...script, instanceId, command: './check' },
        },
      ],
      serverGroupValidationConfigurations: serverGroups.map(({ serverGroupId, serverList = [] }) => ({
        serverGroupId,
        serverValidationConfigurations: serverList.map(({ serverId }) => ({
          server: { serverId },
          name: 'boot',
          serverValidationStrategy: 'USERDATA' as const,
          userDataValidationParameters: script,
        })),
      })),
    };
  }

  /** What the launched server would do at its first boot: post to the address in its user data. */
  async function report(logicalId: string) {
    const { templateBody } = (await deployed().connector.services.stacks.describe(`sms-${appId}`))!;
    const { UserData } = (JSON.parse(templateBody) as Template).Resources[logicalId]!.Properties as {
      UserData: { 'Fn::Base64': string };
    };
    const [, path] = /"https:\/\/api\.lambda-url\.us-east-1\.on\.aws(\/validations\/[^"$]+)\/\$status"/.exec(
      UserData['Fn::Base64'],
    )!;
    const answer = await fetch(`${deployed().url}${path}/SUCCEEDED`, { method: 'POST', body: 'it answers' });
    expect([answer.status, await answer.text()]).toEqual([200, 'noted\n']);
  }
}

export async function requestMigration({ account }: Deployment, plan: object) {
  const { FailedEntryCount } = await new EventBridgeClient(account.config).send(
    new PutEventsCommand({
      Entries: [
        {
          Source: 'my.portal',
          DetailType: 'Migration Requested',
          Detail: JSON.stringify(plan),
          EventBusName: 'rehost',
        },
      ],
    }),
  );
  expect(FailedEntryCount).toBe(0);
}

/** Consents with the task token, which stands in the history. */
async function approve(deployed: Deployment, execution: string) {
  const scheduled = (await historyOf(deployed, execution)).findLast(({ type }) => type === 'TaskScheduled')!;
  const { Payload } = JSON.parse(scheduled.taskScheduledEventDetails!.parameters!) as {
    Payload: { taskToken: string };
  };
  await deployed.sfn.send(new SendTaskSuccessCommand({ taskToken: Payload.taskToken, output: '{}' }));
}

async function imagesOf({ connector: { services } }: Deployment): Promise<string[]> {
  const { items: jobs } = await services.store.query('ReplicationJob', { index: 'all', partition: 'all' });
  const images = await Promise.all(
    jobs.map(({ id }) => services.store.query('Image', { index: 'availableByJob', partition: id })),
  );
  return images.flatMap(({ items }) => items.map(({ id }) => id));
}
