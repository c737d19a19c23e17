import { expect, test } from '@jest/globals';
import { DEFAULT_CONFIG as config } from '../../lib/config.ts';
import type { EventBridgeEvent } from '../../lib/domain/events.ts';
import type { Workflows } from '../../lib/ports.ts';
import { startWorkflow } from '../../lib/workflows/rules.ts';

const AT = '2026-01-01T00:00:00.000Z';
const TRACE = '1-6955b900-0123456789abcdef01234567';
const change = (type: string, detail: object) =>
  ({
    id: 'e-1',
    source: 'rehost',
    'detail-type': type,
    time: AT,
    detail: { at: AT, ...detail },
  }) as unknown as EventBridgeEvent;
const run = (scheduledStartTime: string, more: object = { traceId: TRACE }) =>
  change('Replication Run State Change', {
    entity: 'sms-run-1',
    from: null,
    to: 'PENDING',
    schedule: 0,
    scheduledStartTime,
    ...more,
  });
const job = (to: string, from: string | null) =>
  change('Replication Job State Change', { entity: 'sms-job-1', sequence: 1, from, to, traceId: TRACE });

/** The trace in which the event starts something, again and again. */
async function traceOf(event: EventBridgeEvent): Promise<string | undefined> {
  const traces: (string | undefined)[] = [];
  const start: Workflows['start'] = async (_workflow, _name, { traceId }) => void traces.push(traceId);
  for (let time = 0; time < 2; time++) await startWorkflow(event, { config, workflows: { start } as Workflows });
  expect(traces).toEqual([traces[0], traces[0]]);
  return traces[0];
}

test('what an event starts is in its trace', async () => {
  expect(await traceOf(run('2026-01-01T00:00:01.000Z'))).toBe(TRACE);
  expect(await traceOf(job('DELETING', 'ACTIVE'))).toBe(TRACE);
});

test('where nothing is traced, it names none', async () => {
  expect(await traceOf(run(AT, {}))).toBeUndefined();
});

test('what waits for a later time is a trace of its own, which begins with the event', async () => {
  const own = await traceOf(run('2026-01-01T12:00:00.000Z'));
  expect(own).toMatch(/^1-6955b900-[0-9a-f]{24}$/);
  expect(own).not.toBe(TRACE);
  const ends = [await traceOf(job('PENDING', null)), await traceOf(job('PAUSED_ON_FAILURE', 'ACTIVE'))];
  expect(new Set([own, TRACE, ...ends]).size).toBe(4);
});

test('a migration is a trace of its own, another one for another request', async () => {
  const request = (id: string) =>
    ({ ...change('Migration Requested', { app: { name: 'shop' } }), id, source: 'my.portal' }) as EventBridgeEvent;
  const [one, other] = [await traceOf(request('e-1')), await traceOf(request('e-2'))];
  expect(one).toMatch(/^1-6955b900-[0-9a-f]{24}$/);
  expect(other).not.toBe(one);
});
