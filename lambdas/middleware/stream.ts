import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import middy from '@middy/core';
import { awsClient } from '../../lib/aws/client.ts';
import { eventBridgeEvents } from '../../lib/aws/event-bridge-events.ts';
import { metricLines } from '../../lib/aws/metrics.ts';
import { readEnvironment, variable } from '../../lib/aws/services.ts';
import { eventOf, publishStream, type StreamRecord } from '../../lib/aws/stream-events.ts';
import { transitionMetrics } from '../../lib/aws/transition-metrics.ts';
import { logsFailure } from './logs-failure.ts';

/** Takes the records of the table's stream to the bus, and counts them; a batch that fails comes again. */
export function stream() {
  const { account, region } = readEnvironment(process.env);
  const events = eventBridgeEvents(awsClient(EventBridgeClient), variable(process.env, 'BUS'));
  return middy<{ Records: StreamRecord[] }, void>()
    .onError(logsFailure('events could not be published'))
    .handler(async ({ Records }) => {
      await publishStream(Records, { events, account, region });
      const published = Records.flatMap((record) => eventOf(record) ?? []);
      for (const line of metricLines(transitionMetrics(published), Date.now())) process.stdout.write(`${line}\n`);
    });
}
