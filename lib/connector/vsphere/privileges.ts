import type { ReaderChoice } from './frozen-point.ts';
import { argument, type Moref, refArgument } from './moref.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import { children, textOf } from './xml.ts';

interface Needed {
  readonly privilege: string;
  readonly on: 'machine' | 'datastore';
  /** Needed where disks are read so; always, where it is not said. */
  readonly reader?: ReaderChoice;
}

/** What the user needs. docs/vsphere.md says for what. */
export const PRIVILEGES: readonly Needed[] = [
  { privilege: 'VirtualMachine.State.CreateSnapshot', on: 'machine' },
  { privilege: 'VirtualMachine.State.RemoveSnapshot', on: 'machine' },
  { privilege: 'VirtualMachine.Config.ChangeTracking', on: 'machine' },
  { privilege: 'VirtualMachine.Provisioning.DiskRandomRead', on: 'machine' },
  { privilege: 'VApp.Export', on: 'machine', reader: 'export' },
  { privilege: 'Datastore.Browse', on: 'datastore', reader: 'datastore' },
  { privilege: 'Datastore.FileManagement', on: 'datastore', reader: 'datastore' },
];

/** What the session's user may not do of what is needed for the server. */
export async function missingPrivileges(
  session: VimSession,
  { ref, disks }: VirtualMachine,
  choice: ReaderChoice,
): Promise<string[]> {
  // Those of the disks: a server may have a CD from one that is nobody's business.
  const datastores = new Map(disks.flatMap(({ datastore }) => (datastore ? [[datastore.id, datastore]] : [])));
  const needed = (place: Needed['on']) =>
    PRIVILEGES.filter(({ on, reader }) => on === place && (!reader || choice === 'auto' || reader === choice)).map(
      ({ privilege }) => privilege,
    );
  return [
    ...(await missing(session, [ref], needed('machine'))),
    ...(await missing(session, [...datastores.values()], needed('datastore'))),
  ];
}

async function missing(
  session: VimSession,
  entities: readonly Moref[],
  privileges: readonly string[],
): Promise<string[]> {
  if (entities.length === 0 || privileges.length === 0) return [];
  const { authorizationManager } = await session.content();
  const args =
    entities.map((entity) => refArgument('entity', entity)).join('') +
    argument('sessionId', await session.key()) +
    privileges.map((privilege) => argument('privId', privilege)).join('');
  const answer = await session.call('HasPrivilegeOnEntities', authorizationManager, args);
  return children(answer, 'returnval').flatMap((entity) =>
    children(entity, 'privAvailability')
      .filter((one) => textOf(one, 'isGranted') !== 'true')
      .map((one) => `${textOf(one, 'privId')} on ${textOf(entity, 'entity')}`),
  );
}
