import { describe, expect, test } from '@jest/globals';
import { newApp } from '../../lib/domain/app.ts';
import type { App } from '../../lib/domain/entities.ts';
import { MACHINES, type MachineName } from '../../lib/domain/states.ts';
import { advance, unchanged } from '../../lib/domain/transition.ts';

const MEMBER: Partial<Record<MachineName, [string, string]>> = {
  'Replication Job': ['ReplicationJob', 'state'],
  'Replication Run': ['ReplicationRun', 'state'],
  App: ['App', 'status'],
  'App Replication': ['App', 'replicationStatus'],
  'App Launch': ['App', 'launchStatus'],
  'Server Catalog': ['ServerCatalog', 'status'],
  'App Catalog': ['ServerCatalog', 'appCatalogStatus'],
  Validation: ['Validation', 'status'],
  Connector: ['Connector', 'status'],
  Transfer: ['Transfer', 'state'],
  Image: ['Image', 'state'],
  Migration: ['Migration', 'state'],
};

/** Enough of any entity for its events. */
const anyEntity = { id: 'x-1', version: 1, sequence: 7, vmServer: { vmName: 'db1' }, scheduledStartTime: 0 };

describe.each(Object.keys(MACHINES) as MachineName[])('%s', (machine) => {
  const table: Readonly<Record<string, readonly string[]>> = MACHINES[machine];
  const [kind, member] = MEMBER[machine]!;
  const move = (from: string, to: string) =>
    advance(
      unchanged(kind as 'App', { ...anyEntity, [member]: from } as unknown as App),
      [machine as 'App', to as never],
      { at: 0 },
    );
  const pairs = Object.keys(table).flatMap((from) => Object.keys(table).map((to): [string, string] => [from, to]));

  test.each(pairs.filter(([from, to]) => table[from]!.includes(to)))('goes from %s to %s with an event', (from, to) => {
    const { entity, events } = move(from, to);
    expect((entity as unknown as Record<string, string>)[member]).toBe(to);
    expect(entity.sequence).toBe(8);
    expect(events[0]).toMatchObject({
      id: 'x-1:8',
      detailType: `${machine} State Change`,
      detail: { from, to, sequence: 8, entity: 'x-1' },
    });
  });

  test.each(pairs.filter(([from, to]) => !table[from]!.includes(to)))('fails by name from %s to %s', (from, to) => {
    expect(() => move(from, to)).toThrow(`${machine.toLowerCase()} of x-1 cannot go from ${from} to ${to}`);
  });

  test('has no state that cannot be reached but the first', () => {
    const reached = new Set(Object.values(table).flat());
    expect(Object.keys(table).filter((state) => !reached.has(state)).length).toBeLessThanOrEqual(1);
  });
});

test('an application is created in its first states, each announced in sequence', () => {
  const { entity, events } = newApp({ id: 'app-1', name: 'shop', tags: [], serverGroups: [], now: 0 });
  expect(entity).toMatchObject({
    status: 'ACTIVE',
    replicationStatus: 'READY_FOR_CONFIGURATION',
    launchStatus: 'READY_FOR_CONFIGURATION',
    sequence: 4,
  });
  expect(events.map(({ detail }) => detail.sequence)).toEqual([1, 2, 3, 4]);
});
