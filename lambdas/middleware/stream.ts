import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import middy from '@middy/core';
import { awsClient } from '../../lib/aws/client.ts';
import { eventBridgeEvents } from '../../lib/aws/event-bridge-events.ts';
import { readEnvironment, variable } from '../../lib/aws/services.ts';
import { publishStream, type StreamRecord } from '../../lib/aws/stream-events.ts';

/** Takes the records of the table's stream to the bus; a batch that fails comes again. */
export function stream() {
  const { account, region } = readEnvironment(process.env);
  const events = eventBridgeEvents(awsClient(EventBridgeClient), variable(process.env, 'BUS'));
  return middy<{ Records: StreamRecord[] }, void>()
    .onError(({ error }) =>
      console.log(JSON.stringify({ level: 'error', message: 'events could not be published', error: String(error) })),
    )
    .handler(({ Records }) => publishStream(Records, { events, account, region }));
}
