import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** Services that encrypt what they put into the topic and the queues. */
const SENDERS = ['events.amazonaws.com', 'cloudwatch.amazonaws.com'];

/**
 * The key that is given, or one for the topic: EventBridge and alarms cannot publish to a topic that AWS's key for SNS encrypts. Source: EventBridge
 * user guide, SNS targets. The policy of an imported key is its owner's to write.
 */
export function serviceKey(scope: Construct, { encryptionKey, name, removalPolicy }: Settings): IKey {
  const key =
    encryptionKey ??
    new Key(scope, 'Key', {
      alias: name,
      description: 'Encrypts the messages of Rehost about failures',
      enableKeyRotation: true,
      removalPolicy,
    });
  for (const sender of SENDERS) key.grant(new ServicePrincipal(sender), 'kms:Decrypt', 'kms:GenerateDataKey*');
  if (encryptionKey) key.grantEncryptDecrypt(new ServicePrincipal(`logs.${Stack.of(scope).region}.amazonaws.com`));
  return key;
}
