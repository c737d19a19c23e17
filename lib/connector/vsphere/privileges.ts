import { argument, type Moref, refArgument } from './moref.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import { children, textOf } from './xml.ts';

/** What the user needs on each virtual machine, and why. docs/vsphere.md lists the same. */
export const MACHINE_PRIVILEGES = {
  'VirtualMachine.State.CreateSnapshot': 'to freeze its disks',
  'VirtualMachine.State.RemoveSnapshot': 'to remove the snapshot when the disks are copied',
  'VirtualMachine.Config.ChangeTracking': 'to have changed blocks tracked',
  'VirtualMachine.Provisioning.DiskRandomRead': 'to ask which blocks changed',
  'VApp.Export': 'to read disks that cannot be read from their datastore',
} as const;

/** What the user needs on the datastores of their disks. */
export const DATASTORE_PRIVILEGES = {
  'Datastore.Browse': 'to find the files of disks',
  'Datastore.FileManagement': 'to read them',
} as const;

/** What the session's user may not do of what is needed for the server. */
export async function missingPrivileges(session: VimSession, { ref, datastores }: VirtualMachine): Promise<string[]> {
  const onMachine = await missing(session, [ref], Object.keys(MACHINE_PRIVILEGES));
  const onDatastores = await missing(session, datastores, Object.keys(DATASTORE_PRIVILEGES));
  return [...onMachine, ...onDatastores];
}

async function missing(
  session: VimSession,
  entities: readonly Moref[],
  privileges: readonly string[],
): Promise<string[]> {
  if (entities.length === 0) return [];
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
