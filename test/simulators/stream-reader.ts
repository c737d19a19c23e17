import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { StreamRecord } from '../../lib/aws/stream-events.ts';

/**
 * Reads a table's stream as Lambda does for a function behind it, which moto does not: from the first record on, each record once. Every read has an
 * iterator of its own, since moto's older ones go on showing what failed transactions wrote.
 */
export async function openStream(client: DynamoDBStreamsClient, StreamArn: string) {
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }));
  const seen = new Map<string, string | undefined>(
    StreamDescription!.Shards!.map(({ ShardId }) => [ShardId!, undefined]),
  );
  /** The records that came since the last call. */
  return async function read(): Promise<StreamRecord[]> {
    const records: StreamRecord[] = [];
    for (const [ShardId, SequenceNumber] of seen) {
      const from = SequenceNumber
        ? ({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber } as const)
        : ({ ShardIteratorType: 'TRIM_HORIZON' } as const);
      const { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamArn, ShardId, ...from }));
      const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
      records.push(...(Records as unknown as StreamRecord[]));
      const last = Records.at(-1)?.dynamodb?.SequenceNumber;
      if (last) seen.set(ShardId, last);
    }
    return records;
  };
}
