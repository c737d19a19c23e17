import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import type { BlockAccess } from '../api/connectors/services.ts';
import type { Transfer } from '../domain/entities.ts';
import { TransientError } from '../workflows/transient-error.ts';
import { partitionOf } from './partition.ts';

export interface SessionOptions {
  readonly sts: STSClient;
  /** A role that may do with any snapshot what a connector may do with its own. Undefined where none is configured. */
  readonly roleArn: string | undefined;
  readonly region: string;
  /** The ARN of a key that is named as SMS names it. */
  keyArn(keyId: string): Promise<string>;
}

/** Seconds. The longest that a role which another role assumes may last. Source: IAM user guide, role chaining. */
const SESSION = 3_600;
/** Characters of a session policy. Source: STS, AssumeRole. */
const MAX_POLICY = 2_048;

/** There is no role to give connectors, so that none can put blocks. */
export class NoConnectorRoleError extends Error {
  override readonly name = 'NoConnectorRoleError';
}

/**
 * Credentials of STS for an hour, whose session policy allows a connector the blocks of exactly the snapshots of its transfer: what was stolen with them can
 * be written into these, and is found when they are sealed.
 */
export function sessionBlockAccess({ sts, roleArn, region, keyArn }: SessionOptions): BlockAccess {
  return {
    async grant(transfer) {
      if (!roleArn)
        throw new NoConnectorRoleError(
          'no role for connectors is configured; set CONNECTOR_ROLE, or --connector-role, to the ARN of one',
        );
      const key = transfer.kmsKeyId === undefined ? undefined : await keyArn(transfer.kmsKeyId);
      const { Credentials } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: transfer.id,
          DurationSeconds: SESSION,
          Policy: sessionPolicy(transfer, { region, key }),
        }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new TransientError(`STS gave no credentials for ${roleArn}`);
      return {
        region,
        credentials: {
          accessKeyId: AccessKeyId,
          secretAccessKey: SecretAccessKey,
          sessionToken: SessionToken,
          expiresAt: Expiration.getTime(),
        },
      };
    },
  };
}

/**
 * What a connector may do with the snapshots of a transfer: put blocks, and read them back to verify. A comparison with the parent is allowed by the job's
 * tag, since 22 disks and their parents by name would be too long for a session policy.
 */
export function sessionPolicy(
  { id, targets, replicationJobId }: Pick<Transfer, 'id' | 'targets' | 'replicationJobId'>,
  { region, key }: { region: string; key: string | undefined },
): string {
  const snapshot = (name: string) => `arn:${partitionOf(region)}:ec2:${region}::snapshot/${name}`;
  const own = {
    Effect: 'Allow',
    Action: ['ebs:PutSnapshotBlock', 'ebs:GetSnapshotBlock', 'ebs:ListSnapshotBlocks'],
    Resource: targets.map(snapshot),
  };
  const ofJob = {
    Effect: 'Allow',
    Action: 'ebs:ListChangedBlocks',
    Resource: snapshot('*'),
    Condition: { StringEquals: { 'aws:ResourceTag/SMSJobId': replicationJobId } },
  };
  // Source: EBS user guide, encryption outcomes of the EBS direct APIs; whoever puts or gets blocks needs the key.
  const ofKey = { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'], Resource: key };
  const Statement = [...(targets.length > 0 ? [own] : []), ofJob, ...(key ? [ofKey] : [])];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  if (policy.length > MAX_POLICY)
    throw new Error(`the session policy of transfer ${id} has ${policy.length} characters; ${MAX_POLICY} are allowed`);
  return policy;
}
