import {
  AlreadyExistsException,
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  type StackStatus,
} from '@aws-sdk/client-cloudformation';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { cloudFormationStacks } from '../../lib/aws/cloud-formation-stacks.ts';

// moto makes, changes and removes stacks at once, and ignores resource types, tokens and reasons.
const client = new CloudFormationClient({ region: 'eu-west-1' });
const formation = mockClient(client);
const stacks = cloudFormationStacks(client, {
  account: '111122223333',
  region: 'eu-west-1',
  pace: { first: 1, longest: 1, total: 5 },
});
const spec = {
  stackName: 'sms-app-1',
  templateBody: '{}',
  templateLocation: { bucket: 'sms-app-b', key: 'app-1/launch-1.json' },
  tags: [{ key: 'team', value: 'a' }],
  roleName: 'sms-launch',
  token: 'app-1-launch-1',
};
const standing = (status: StackStatus, more: object = {}) => ({
  Stacks: [{ StackId: 'arn:stack', StackName: 'sms-app-1', StackStatus: status, CreationTime: new Date(0), ...more }],
});
const exists = new AlreadyExistsException({ $metadata: {}, message: 'exists' });
const validation = (message: string) => Object.assign(new Error(message), { name: 'ValidationError' });

beforeEach(() => {
  formation.reset();
  formation.on(CreateStackCommand).resolves({ StackId: 'arn:stack' });
  formation.on(DescribeStacksCommand).resolves(standing('CREATE_COMPLETE'));
  formation.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: [] });
  formation.on(GetTemplateCommand).resolves({ TemplateBody: '{}' });
});

describe('creating a stack', () => {
  test('is limited to the types of SMS, in the role of the application, once for its token', async () => {
    expect(await stacks.create(spec)).toEqual({ stackId: 'arn:stack' });
    expect(formation.commandCalls(CreateStackCommand)[0]!.args[0].input).toEqual({
      StackName: 'sms-app-1',
      TemplateBody: '{}',
      ResourceTypes: ['AWS::EC2::Instance', 'AWS::ApplicationInsights::Application', 'AWS::ResourceGroups::Group'],
      ClientRequestToken: 'app-1-launch-1',
      RoleARN: 'arn:aws:iam::111122223333:role/sms-launch',
      Tags: [
        { Key: 'team', Value: 'a' },
        { Key: 'rehost:token', Value: 'app-1-launch-1' },
      ],
    });
  });

  test('takes a template that is too long for the call from its bucket', async () => {
    await stacks.create({ ...spec, templateBody: ' '.repeat(51_201) });
    expect(formation.commandCalls(CreateStackCommand)[0]!.args[0].input).toMatchObject({
      TemplateURL: 'https://sms-app-b.s3.eu-west-1.amazonaws.com/app-1/launch-1.json',
    });
  });

  test('fails for now while the former stack of that name is being deleted, and for good when it stands', async () => {
    formation.on(CreateStackCommand).rejects(exists);
    formation.on(DescribeStacksCommand).resolves(standing('DELETE_IN_PROGRESS'));
    await expect(stacks.create(spec)).rejects.toMatchObject({ name: 'TransientError' });
    formation.on(DescribeStacksCommand).resolves(standing('ROLLBACK_COMPLETE'));
    await expect(stacks.create(spec)).rejects.toMatchObject({
      name: 'StackExistsError',
      message: 'stack sms-app-1 exists (ROLLBACK_COMPLETE); delete it or update it',
    });
  });

  test('fails with what CloudFormation finds wrong in the template', async () => {
    formation.on(CreateStackCommand).rejects(validation('Template format error: unsupported structure.'));
    await expect(stacks.create(spec)).rejects.toMatchObject({
      name: 'InvalidTemplateError',
      message: 'stack sms-app-1: Template format error: unsupported structure.',
    });
  });
});

describe('updating a stack', () => {
  test('waits for the change set, executes it, and waits until the stack has begun to change', async () => {
    formation
      .on(DescribeChangeSetCommand)
      .resolvesOnce({ Status: 'CREATE_PENDING' })
      .resolvesOnce({ Status: 'CREATE_IN_PROGRESS' })
      .resolvesOnce({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' })
      .resolvesOnce({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' })
      .resolves({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'EXECUTE_IN_PROGRESS' });
    await stacks.update(spec);
    expect(formation.commandCalls(CreateChangeSetCommand)[0]!.args[0].input).toMatchObject({
      ChangeSetName: 'app-1-launch-1',
      ChangeSetType: 'UPDATE',
      ResourceTypes: expect.arrayContaining(['AWS::EC2::Instance']),
    });
    expect(formation.commandCalls(ExecuteChangeSetCommand)).toHaveLength(1);
    expect(formation.commandCalls(DescribeChangeSetCommand)).toHaveLength(5);
  });

  test('goes on with the change set that a former call made, and does not execute it twice', async () => {
    formation.on(CreateChangeSetCommand).rejects(exists);
    formation
      .on(DescribeChangeSetCommand)
      .resolves({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'EXECUTE_IN_PROGRESS' });
    expect(await stacks.update(spec)).toEqual({ stackId: 'arn:stack' });
    expect(formation.commandCalls(ExecuteChangeSetCommand)).toEqual([]);
  });

  test.each([
    "The submitted information didn't contain changes. Submit different information to create a change set.",
    'No updates are to be performed.',
  ])('leaves the stack when nothing changes: %s', async (StatusReason) => {
    formation.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason });
    await stacks.update(spec);
    expect(formation.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
    expect(formation.commandCalls(ExecuteChangeSetCommand)).toEqual([]);
  });

  test('fails with the reason when the change set does, and for now when it takes too long', async () => {
    formation.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason: 'Properties validation failed' });
    await expect(stacks.update(spec)).rejects.toMatchObject({
      name: 'InvalidTemplateError',
      message: 'stack sms-app-1: Properties validation failed',
    });
    formation.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_IN_PROGRESS' });
    const quick = cloudFormationStacks(client, {
      account: '1',
      region: 'eu-west-1',
      pace: { first: 1, longest: 1, total: 2 },
    });
    await expect(quick.update(spec)).rejects.toMatchObject({ name: 'TransientError' });
  });
});

describe('describing a stack', () => {
  test('tells which resource failed first, not those that were cancelled for it', async () => {
    formation
      .on(DescribeStacksCommand)
      .resolves(standing('ROLLBACK_COMPLETE', { StackStatusReason: 'The following resource(s) failed' }));
    const event = (LogicalResourceId: string, ResourceStatus: string, ResourceStatusReason?: string) => ({
      LogicalResourceId,
      ResourceStatus,
      ResourceStatusReason,
      PhysicalResourceId: LogicalResourceId === 'sms-app-1' ? 'arn:stack' : `i-${LogicalResourceId}`,
    });
    formation.on(DescribeStackEventsCommand).resolves({
      StackEvents: [
        event('sms-app-1', 'ROLLBACK_COMPLETE'),
        event('web2', 'CREATE_FAILED', 'Resource creation cancelled'),
        event('sms-app-1', 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed'),
        event('web1', 'CREATE_FAILED', 'You have requested more vCPU capacity'),
        event('sms-app-1', 'CREATE_IN_PROGRESS'),
        event('old', 'CREATE_FAILED', 'of a stack before'),
      ] as never,
    });
    expect(await stacks.describe('sms-app-1')).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      statusReason: 'web1: You have requested more vCPU capacity',
    });
  });

  test('knows nothing of a stack that is gone', async () => {
    formation.on(DescribeStacksCommand).rejects(validation('Stack with id sms-app-1 does not exist'));
    expect(await stacks.describe('sms-app-1')).toBeUndefined();
    formation.on(DescribeStacksCommand).resolves(standing('DELETE_COMPLETE'));
    expect(await stacks.describe('sms-app-1')).toBeUndefined();
  });
});
