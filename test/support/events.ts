import { expect } from '@jest/globals';

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
