import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeEach, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { sessionBlockAccess, sessionPolicy } from '../../lib/aws/session-block-access.ts';
import type { Transfer } from '../../lib/domain/entities.ts';

const sts = mockClient(STSClient);
const ROLE = 'arn:aws:iam::123456789012:role/connector-blocks';
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1';
const transfer = {
  id: 'sms-transfer-0a1b2c3d',
  replicationJobId: 'sms-job-0a1b2c3d',
  targets: ['snap-0123456789abcdef0', 'snap-0123456789abcdef1'],
} as unknown as Transfer;

const access = (roleArn: string | undefined) =>
  sessionBlockAccess({ sts: new STSClient({}), roleArn, region: 'eu-west-1', keyArn: async () => KEY });

beforeEach(() => {
  sts.reset();
  sts.on(AssumeRoleCommand).resolves({
    Credentials: {
      AccessKeyId: 'ASIA1',
      SecretAccessKey: 'secret',
      SessionToken: 'token',
      Expiration: new Date(3_600_000),
    },
  });
});

test('a connector gets credentials for an hour that are good for the snapshots of its transfer alone', async () => {
  expect(await access(ROLE).grant(transfer, [])).toEqual({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'ASIA1', secretAccessKey: 'secret', sessionToken: 'token', expiresAt: 3_600_000 },
  });
  const { Policy, ...rest } = sts.commandCalls(AssumeRoleCommand)[0]!.args[0].input;
  expect(rest).toEqual({ RoleArn: ROLE, RoleSessionName: 'sms-transfer-0a1b2c3d', DurationSeconds: 3_600 });
  expect(JSON.parse(Policy!)).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['ebs:PutSnapshotBlock', 'ebs:GetSnapshotBlock', 'ebs:ListSnapshotBlocks'],
        Resource: transfer.targets.map((id) => `arn:aws:ec2:eu-west-1::snapshot/${id}`),
      },
      {
        Effect: 'Allow',
        Action: 'ebs:ListChangedBlocks',
        Resource: 'arn:aws:ec2:eu-west-1::snapshot/*',
        Condition: { StringEquals: { 'aws:ResourceTag/SMSJobId': 'sms-job-0a1b2c3d' } },
      },
    ],
  });
});

test('an encrypted transfer gets the use of its key, and no other', async () => {
  await access(ROLE).grant({ ...transfer, kmsKeyId: 'alias/mine' }, []);
  const { Policy } = sts.commandCalls(AssumeRoleCommand)[0]!.args[0].input;
  const { Statement } = JSON.parse(Policy!) as { Statement: { Resource: unknown }[] };
  expect(Statement.at(-1)).toMatchObject({ Resource: KEY });
});

test('the policy of the most disks that a server may have fits into a session', () => {
  const targets = Array.from({ length: 22 }, (_, index) => `snap-${String(index).padStart(17, '0')}`);
  expect(sessionPolicy({ ...transfer, targets }, { region: 'ap-southeast-2', key: KEY }).length).toBeLessThan(2_048);
});

test('fails by name where no role is configured', async () => {
  await expect(access(undefined).grant(transfer, [])).rejects.toMatchObject({
    name: 'NoConnectorRoleError',
    message: expect.stringContaining('--connector-role'),
  });
});
