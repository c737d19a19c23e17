import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  type EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { EventBridgeEvent } from '../../lib/domain/events.ts';
import { REMOTE } from './aws.ts';

/** Polls without a message after which a queue is empty. */
const EMPTY = REMOTE ? 3 : 1;

export interface TestBus {
  readonly name: string;
  /** What reached the queue behind the bus since the last call, in order. */
  delivered(): Promise<EventBridgeEvent[]>;
  remove(): Promise<void>;
}

/** Every event. */
const ALL = { source: [{ prefix: '' }] };

/** A bus of its own, with rules that put the events into a queue in order, every one unless told, so that a test sees what consumers get. */
export async function createBus(
  { events, sqs }: { events: EventBridgeClient; sqs: SQSClient },
  name: string,
  patterns: readonly object[] = [ALL],
): Promise<TestBus> {
  await events.send(new CreateEventBusCommand({ Name: name }));
  const attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${name}.fifo`, Attributes: attributes }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const rules = patterns.map((pattern, index) => ({
    rule: { Name: `${name}-${index}`, EventBusName: name },
    EventPattern: JSON.stringify(pattern),
  }));
  // The whole event, which is what a queue gets anyway; but moto reads a path for every member of it unless told, at 25 ms each.
  const InputTransformer = { InputPathsMap: { id: '$.id' }, InputTemplate: '<aws.events.event.json>' };
  const SqsParameters = { MessageGroupId: 'all' };
  const target = { Id: 'queue', Arn: Attributes!.QueueArn!, SqsParameters, InputTransformer };
  for (const { rule, EventPattern } of rules) {
    await events.send(new PutRuleCommand({ ...rule, EventPattern }));
    await events.send(new PutTargetsCommand({ Rule: rule.Name, EventBusName: name, Targets: [target] }));
  }
  return {
    name,
    async delivered() {
      const found: EventBridgeEvent[] = [];
      for (let empty = 0; empty < EMPTY; ) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: REMOTE ? 2 : 0 }),
        );
        empty = Messages.length === 0 ? empty + 1 : 0;
        found.push(...Messages.map(({ Body }) => JSON.parse(Body!) as EventBridgeEvent));
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
      return found;
    },
    async remove() {
      for (const { rule } of rules) {
        await events.send(new RemoveTargetsCommand({ Rule: rule.Name, EventBusName: name, Ids: ['queue'] }));
        await events.send(new DeleteRuleCommand(rule));
      }
      await events.send(new DeleteEventBusCommand({ Name: name }));
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    },
  };
}
