import type { EventBridgeEvent } from '../domain/events.ts';
import type { Task } from '../workflows/task.ts';

/** What Lambda hands over of a queue. */
interface QueueBatch {
  readonly Records: readonly { readonly body: string }[];
}

/** Also takes events that come from a dead-letter queue, into which EventBridge and Lambda put them as they were. */
export function eachQueued<Needs>(run: (event: EventBridgeEvent, services: Needs) => Promise<void>) {
  const eachOf = async (input: EventBridgeEvent | QueueBatch, services: Needs) => {
    const events = 'Records' in input ? input.Records.map(({ body }) => JSON.parse(body) as EventBridgeEvent) : [input];
    for (const event of events) await run(event, services);
  };
  return Object.defineProperty(eachOf, 'name', { value: run.name }) as typeof eachOf & Task<never, void>;
}
