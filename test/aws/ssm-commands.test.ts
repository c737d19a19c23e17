import { DescribeTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  GetCommandInvocationCommand,
  ListCommandsCommand,
  ListTagsForResourceCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { ssmCommands } from '../../lib/aws/ssm-commands.ts';
import type { CommandSpec } from '../../lib/ports.ts';

// moto's commands succeed at once, have no output, and go to any instance, also of another kind.
const clients = { ssm: new SSMClient({ region: 'eu-west-1' }), ec2: new EC2Client({ region: 'eu-west-1' }) };
const ssm = mockClient(clients.ssm);
const ec2 = mockClient(clients.ec2);
const commands = ssmCommands(clients, { region: 'eu-west-1', now: () => Date.parse('2026-11-21T00:00:00Z') });
const TAG = { Key: 'UserForSMSApplicationValidation', Value: 'true' };
const spec: CommandSpec = {
  token: 'val-0123456789abcdef0-1',
  instanceId: 'i-1',
  source: { bucket: 'sms-app-1', key: 'scripts/check.sh' },
  scriptType: 'SHELL_SCRIPT',
  command: './check.sh --all',
  timeoutSeconds: 90,
  output: { bucket: 'sms-app-out', key: 'app-1/val-1' },
};
const failure = (name: string) => Object.assign(new Error(name), { name });
const command = { commandId: 'c-1', instanceId: 'i-1' };

beforeEach(() => {
  ssm.reset();
  ec2.reset();
  ec2.on(DescribeTagsCommand).resolves({ Tags: [TAG] });
  ssm.on(ListCommandsCommand).resolves({ Commands: [] });
  ssm.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1' } });
});

describe('sending a script', () => {
  test('has Systems Manager fetch it from its bucket, and run it with its time', async () => {
    expect(await commands.send(spec)).toEqual({ commandId: 'c-1' });
    expect(ssm.commandCalls(SendCommandCommand)[0]!.args[0].input).toEqual({
      DocumentName: 'AWS-RunRemoteScript',
      InstanceIds: ['i-1'],
      Comment: spec.token,
      OutputS3BucketName: 'sms-app-out',
      OutputS3KeyPrefix: 'app-1/val-1',
      Parameters: {
        sourceType: ['S3'],
        sourceInfo: ['{"path":"https://s3.eu-west-1.amazonaws.com/sms-app-1/scripts/check.sh"}'],
        commandLine: ['./check.sh --all'],
        executionTimeout: ['90'],
      },
    });
  });

  test('finds what an earlier attempt sent, also on a later page', async () => {
    ssm
      .on(ListCommandsCommand)
      .resolvesOnce({ Commands: [{ Comment: 'another' }], NextToken: 'more' })
      .resolves({ Commands: [{ Comment: spec.token, CommandId: 'c-0' }] });
    expect(await commands.send(spec)).toEqual({ commandId: 'c-0' });
    expect(ssm.commandCalls(SendCommandCommand)).toEqual([]);
  });

  test('asks a machine outside EC2 for its tags at Systems Manager', async () => {
    ssm.on(ListTagsForResourceCommand, { ResourceId: 'mi-1' }).resolves({ TagList: [TAG] });
    await commands.send({ ...spec, instanceId: 'mi-1' });
    expect(ec2.commandCalls(DescribeTagsCommand)).toEqual([]);
  });

  test('is refused where no agent answers', async () => {
    ssm.on(SendCommandCommand).rejects(failure('InvalidInstanceId'));
    await expect(commands.send(spec)).rejects.toMatchObject({
      name: 'CommandRefusedError',
      message: 'Systems Manager does not manage instance i-1, or its agent is silent',
    });
  });
});

describe('what became of a script', () => {
  test.each(['Pending', 'InProgress', 'Delayed', 'Cancelling'] as const)('is open while it is %s', async (Status) => {
    ssm.on(GetCommandInvocationCommand).resolves({ Status });
    expect(await commands.result(command)).toEqual({ status: 'IN_PROGRESS' });
  });

  test('is its output, and where the whole of it stands', async () => {
    const StandardOutputUrl = 'https://s3.eu-west-1.amazonaws.com/sms-app-out/app-1/val-1/c-1/i-1/stdout';
    ssm
      .on(GetCommandInvocationCommand)
      .resolves({ Status: 'Success', StandardOutputContent: 'ready\n', StandardOutputUrl });
    expect(await commands.result(command)).toEqual({
      status: 'SUCCEEDED',
      message: 'ready',
      output: { bucket: 'sms-app-out', key: 'app-1/val-1/c-1/i-1/stdout' },
    });
  });

  test.each(['Failed', 'TimedOut', 'Cancelled'] as const)('is a failure with its words when it %s', async (Status) => {
    const answer = { Status, StatusDetails: 'DeliveryTimedOut', StandardErrorContent: 'no database' };
    ssm.on(GetCommandInvocationCommand).resolves(answer);
    expect(await commands.result(command)).toEqual({ status: 'FAILED', message: 'DeliveryTimedOut: no database' });
  });

  test('is asked for again when it cannot be seen yet', async () => {
    ssm.on(GetCommandInvocationCommand).rejects(failure('InvocationDoesNotExist'));
    await expect(commands.result(command)).rejects.toMatchObject({ name: 'TransientError' });
  });
});
