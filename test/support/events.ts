import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Ajv } from 'ajv';
import { type DomainEvent, toEventBridge } from '../../lib/domain/events.ts';

export interface PublishedEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Every entity's events count from 1 without gaps, in the order in which they were written. */
export function expectGapless(events: readonly Pick<PublishedEvent, 'source' | 'detail'>[]) {
  const last = new Map<string, number>();
  for (const { source, detail } of events) {
    if (source !== 'rehost') continue;
    const { entity, sequence } = detail as { entity: string; sequence: number };
    expect([entity, sequence]).toEqual([entity, (last.get(entity) ?? 0) + 1]);
    last.set(entity, sequence);
  }
  expect(last.size).toBeGreaterThan(0);
}

const SCHEMAS = join(import.meta.dirname, '..', '..', 'lib', 'domain', 'event-schemas');
const compile = (name: string) => {
  const isDateTime = (text: string) => !Number.isNaN(Date.parse(text));
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, formats: { 'date-time': isDateTime } });
  return ajv.compile(JSON.parse(readFileSync(join(SCHEMAS, `${name}.schema.json`), 'utf8')) as object);
};
const VALIDATORS: Readonly<Record<string, ReturnType<typeof compile>>> = {
  'Replication Run Progress': compile('replication-run-progress'),
  rehost: compile('state-change'),
  'rehost.sms': compile('server-migration-job-state-change'),
};

/** Every event is as its published schema says. */
export function expectValid(events: readonly DomainEvent[]) {
  for (const domainEvent of events) {
    const event = toEventBridge(domainEvent, { account: '000000000000', region: 'us-east-1' });
    const validate = VALIDATORS[event['detail-type']] ?? VALIDATORS[event.source];
    if (!validate) continue;
    if (!validate(event)) throw new Error(`${JSON.stringify(validate.errors)} in ${JSON.stringify(event)}`);
  }
}
