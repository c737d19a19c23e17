import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Milliseconds since the epoch. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What Lambda tells of records of a stream that it gave up: where they stood, not what they were. Source: Lambda developer guide, DynamoDB error handling. */
interface GivenUp {
  readonly DDBStreamBatchInfo?: {
    readonly approximateArrivalOfFirstRecord: string;
    readonly approximateArrivalOfLastRecord: string;
  };
}

/** Messages that a call takes, and seconds until they can be taken again where they were not removed. */
const AT_ONCE = 10;
const HIDDEN_FOR = 120;
/**
 * Milliseconds around the arrival of a record in which its event says that it was: its call decided before it wrote, by five minutes at most, and
 * clocks differ.
 */
const AROUND = 10 * 60_000;

/** When the records were written that a queue of dead letters tells of; `remove` takes the letters out of it. */
export async function lostRecords(client: SQSClient, QueueUrl: string) {
  const letters: Message[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: AT_ONCE,
        VisibilityTimeout: HIDDEN_FOR,
        WaitTimeSeconds: 1,
      }),
    );
    if (Messages.length === 0) break;
    letters.push(...Messages);
  }
  return {
    stretches: letters.map(stretchOf),
    async remove() {
      for (let first = 0; first < letters.length; first += AT_ONCE) {
        const some = letters.slice(first, first + AT_ONCE);
        const Entries = some.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
    },
  };
}

function stretchOf({ MessageId, Body = '' }: Message): Stretch {
  const { DDBStreamBatchInfo: info } = JSON.parse(Body) as GivenUp;
  const from = Date.parse(info?.approximateArrivalOfFirstRecord ?? '');
  const to = Date.parse(info?.approximateArrivalOfLastRecord ?? '');
  if (Number.isNaN(from + to))
    throw new Error(`message ${MessageId} does not say when its records were written; read it, then remove it by hand`);
  return { from: from - AROUND, to: to + AROUND };
}
