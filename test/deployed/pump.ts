import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf } from '../../lib/aws/stream-events.ts';
import { type EventPattern, matches } from '../../lib/domain/event-pattern.ts';
import type { DomainEvent, EventBridgeEvent } from '../../lib/domain/events.ts';
import type { ResolvedResource } from '../../scripts/permissions/resolve.ts';
import type { LambdaHandler } from '../simulators/lambda.ts';
import type { openStream } from '../simulators/stream-reader.ts';
import type { createBus } from '../support/bus.ts';

interface PumpOptions {
  readonly stream: Awaited<ReturnType<typeof openStream>>;
  readonly bus: Awaited<ReturnType<typeof createBus>>;
  readonly handlers: Readonly<Record<string, LambdaHandler>>;
  readonly resources: readonly ResolvedResource[];
}

/** Carries what the table's stream has to the publisher, and what comes onto the bus to the functions of the rules that match it. */
export function startPump({ stream, bus, handlers, resources }: PumpOptions) {
  const events: DomainEvent[] = [];
  const targetsOf = rulesOf(resources);
  let stopped = false;
  const turn = async () => {
    const records = await stream();
    events.push(...records.flatMap((record) => eventOf(record) ?? []));
    const filtered = records.filter((record) => eventOf(record));
    if (filtered.length > 0) await handlers['rehost-publish-events']!({ Records: filtered }, {});
    for (const event of await bus.delivered()) {
      for (const target of targetsOf(event)) await handlers[target]!(event, {}).catch(() => {});
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
