import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { StreamRecord } from '../../lib/aws/stream-events.ts';

interface MappingOptions {
  /** The function. */
  invoke(event: { Records: readonly StreamRecord[] }): Promise<unknown>;
  readonly sqs: SQSClient;
  readonly queueUrl: string;
}

/**
 * What Lambda does between a stream and a function: a batch that fails is split, and what fails alone is given up, as if its age were reached. The queue
 * is then told where it stood, and what comes after goes on. Source: Lambda developer guide, DynamoDB error handling.
 */
export function streamMapping({ invoke, sqs, queueUrl: QueueUrl }: MappingOptions) {
  async function publish(records: readonly StreamRecord[]): Promise<void> {
    try {
      await invoke({ Records: records });
    } catch {
      if (records.length === 1) return giveUp(records[0]!);
      const middle = Math.ceil(records.length / 2);
      await publish(records.slice(0, middle));
      await publish(records.slice(middle));
    }
  }

  async function giveUp({ dynamodb: { SequenceNumber, ApproximateCreationDateTime } }: StreamRecord) {
    const arrival = new Date(ApproximateCreationDateTime!).toISOString().replace(/\.\d+Z$/, 'Z');
    const body = {
      requestContext: { condition: 'RecordAgeExceeded', approximateInvokeCount: 1 },
      version: '1.0',
      timestamp: new Date().toISOString(),
      DDBStreamBatchInfo: {
        shardId: 'shardId-00000001573689847184-864758bb',
        startSequenceNumber: SequenceNumber,
        endSequenceNumber: SequenceNumber,
        approximateArrivalOfFirstRecord: arrival,
        approximateArrivalOfLastRecord: arrival,
        batchSize: 1,
      },
    };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }));
  }

  return publish;
}
