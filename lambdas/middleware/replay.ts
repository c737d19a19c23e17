import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { awsClient } from '../../lib/aws/client.ts';
import { eventBridgeEvents } from '../../lib/aws/event-bridge-events.ts';
import { lostRecords } from '../../lib/aws/lost-records.ts';
import { type Replayed, type ReplayRequest, replayEvents } from '../../lib/aws/replay-events.ts';
import { readEnvironment, variable } from '../../lib/aws/services.ts';
import { storedEvents } from '../../lib/aws/stored-events.ts';
import { traceOf } from '../../lib/aws/trace.ts';
import { logsFailure } from './logs-failure.ts';

/** Puts events on the bus again, for a person who asks for it: docs/runbook.md, events-unpublished. */
export function replay() {
  const { account, region, table } = readEnvironment(process.env);
  const queue = variable(process.env, 'DEAD_LETTERS');
  const dynamo = awsClient(DynamoDBClient);
  // Else the queue's URL would be where calls go, whatever endpoint the environment names.
  const sqs = awsClient(SQSClient, { useQueueUrlAsEndpoint: false } as object);
  const services = {
    stored: () => storedEvents(dynamo, table),
    lost: () => lostRecords(sqs, queue),
    events: eventBridgeEvents(awsClient(EventBridgeClient), variable(process.env, 'BUS')),
    account,
    region,
  };
  return middy<ReplayRequest | null, Replayed>()
    .onError(logsFailure('events not replayed'))
    .handler(async (request) => {
      const replayed = await replayEvents(request ?? {}, services);
      console.info({ message: 'events replayed', ...traceOf(), ...replayed });
      return replayed;
    });
}
