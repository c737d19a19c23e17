import type { Entities, Kind } from '../../lib/domain/entities.ts';
import { type EventBridgeEvent, stateChange, toEventBridge } from '../../lib/domain/events.ts';
import { MACHINES, type MachineName } from '../../lib/domain/states.ts';

const KINDS: Readonly<Record<MachineName, Kind>> = {
  'Replication Job': 'ReplicationJob',
  'Replication Run': 'ReplicationRun',
  App: 'App',
  'App Replication': 'App',
  'App Launch': 'App',
  'Server Catalog': 'ServerCatalog',
  'App Catalog': 'ServerCatalog',
  Validation: 'Validation',
  Connector: 'Connector',
  Transfer: 'Transfer',
  Image: 'Image',
  Migration: 'Migration',
};
/** What the references of any kind's events are read from. */
const ENTITY = {
  id: 'x-1',
  version: 1,
  sequence: 1,
  name: 'shop',
  vmServer: { vmName: 'db1' },
  schedule: 0,
  scheduledStartTime: 0,
  replicationNumber: 1,
  launchNumber: 1,
  importNumber: 1,
  appImportNumber: 1,
};

/** The event of every transition of every machine, and of each first state; those of applications also with what was asked. */
export function everyStateChange(): EventBridgeEvent[] {
  return Object.entries(MACHINES).flatMap(([name, table]) => {
    const machine = name as MachineName;
    const moves = Object.entries(table as Readonly<Record<string, readonly string[]>>).flatMap(([from, next]) => [
      { from: null, to: from },
      ...next.map((to) => ({ from, to })),
    ]);
    const details = KINDS[machine] === 'App' ? [{}, { action: 'START' }] : [{}];
    return moves.flatMap((move) =>
      details.map((detail) => {
        const event = stateChange(KINDS[machine], ENTITY as unknown as Entities[Kind], {
          machine,
          ...move,
          at: 0,
          detail,
        });
        return toEventBridge(event, { account: '123456789012', region: 'us-east-1' });
      }),
    );
  });
}
