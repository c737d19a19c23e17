import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { eventOf, type StreamRecord } from '../../lib/aws/stream-events.ts';
import { type EventPattern, matches } from '../../lib/domain/event-pattern.ts';
import type { DomainEvent, EventBridgeEvent } from '../../lib/domain/events.ts';
import type { ResolvedResource } from '../../scripts/permissions/resolve.ts';
import type { LambdaHandler } from '../simulators/lambda.ts';
import type { openStream } from '../simulators/stream-reader.ts';
import type { createBus } from '../support/bus.ts';
import { streamMapping } from './stream-mapping.ts';
import type { Wire } from './wire.ts';

interface PumpOptions {
  readonly stream: Awaited<ReturnType<typeof openStream>>;
  readonly bus: Awaited<ReturnType<typeof createBus>>;
  readonly wire: Wire;
  readonly deadLetters: { readonly sqs: SQSClient; readonly queueUrl: string };
  readonly handlers: Readonly<Record<string, LambdaHandler>>;
  readonly resources: readonly ResolvedResource[];
}

/** Carries what the table's stream has to the publisher, and what comes onto the bus to the functions of the rules that match it. */
export function startPump({ stream, bus, wire, deadLetters, handlers, resources }: PumpOptions) {
  const events: DomainEvent[] = [];
  const records: StreamRecord[] = [];
  const delivered: EventBridgeEvent[] = [];
  const targetsOf = rulesOf(resources);
  const publish = streamMapping({ ...deadLetters, invoke: (batch) => handlers['rehost-publish-events']!(batch, {}) });
  let stopped = false;
  const turn = async () => {
    const read = await stream();
    events.push(...read.flatMap((record) => eventOf(record) ?? []));
    const filtered = read.filter((record) => eventOf(record));
    records.push(...filtered);
    if (filtered.length > 0) await publish(filtered);
    for (const event of await bus.delivered()) {
      delivered.push(event);
      const context = { traceHeader: wire.traceHeaderOf(event) };
      for (const target of targetsOf(event)) await handlers[target]!(event, context).catch(() => {});
    }
  };
  const running = (async () => {
    while (!stopped) {
      await turn();
      await sleep(20);
    }
  })();
  return {
    events,
    records,
    delivered,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

interface Rule {
  readonly EventPattern: EventPattern;
  readonly Targets: readonly { readonly Arn: string }[];
}

/** The functions that the templates' rules on the bus hand an event to. */
function rulesOf(resources: readonly ResolvedResource[]) {
  const rules = resources
    .filter(({ type }) => type === 'AWS::Events::Rule')
    .map(({ properties }) => properties as unknown as Rule);
  return (event: EventBridgeEvent): string[] =>
    rules
      .filter(({ EventPattern }) => matches(EventPattern, event))
      .flatMap(({ Targets }) => Targets.map(({ Arn }) => Arn.split(':function:')[1] ?? ''))
      .filter(Boolean);
}
