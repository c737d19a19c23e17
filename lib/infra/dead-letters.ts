import { Duration, Validations } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** `UnpublishedEvents` → `rehost-unpublished-events`. */
export const deadLettersName = (name: string, id: string) =>
  `${name}-${id.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase()}`;

/** A queue for what could not be delivered, kept for as long as SQS keeps anything. */
export function deadLetters(scope: Construct, id: string, { name, encryptionKey }: Settings): Queue {
  const queue = new Queue(scope, id, {
    queueName: deadLettersName(name, id),
    ...(encryptionKey
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
      : { encryption: QueueEncryption.SQS_MANAGED }),
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'it is a dead-letter queue itself' });
  return queue;
}
