import { ServerNotFoundError, type VmId } from '../source.ts';
import { type Moref, morefOf, virtualMachine } from './moref.ts';
import { propertiesOf } from './properties.ts';
import type { VimSession } from './vim-session.ts';
import { disksAmong, type VirtualDisk } from './virtual-disks.ts';
import { child, children, textOf, type Xml } from './xml.ts';

/** vCenter writes percent signs, slashes and backslashes in names as URLs do. */
export const withoutCodes = (name: string) => name.replace(/%(25|2f|5c)/gi, (code) => decodeURIComponent(code));

/** What has to be known of a server before it is frozen. */
export interface VirtualMachine {
  readonly ref: Moref;
  readonly name: string;
  readonly isOn: boolean;
  /** VMware Tools run in the guest: it can be quiesced. */
  readonly hasTools: boolean;
  /** `connected` but for hosts that do not answer and files that are lost. */
  readonly connection: string;
  readonly isTemplate: boolean;
  readonly isEncrypted: boolean;
  readonly tracking: { readonly isSupported: boolean; readonly isOn: boolean };
  readonly snapshots: readonly SnapshotEntry[];
  readonly disks: readonly VirtualDisk[];
}

/** A snapshot as vCenter lists it. */
export interface SnapshotEntry {
  readonly ref: Moref;
  readonly name: string;
  readonly description: string;
  readonly isQuiesced: boolean;
  /** Milliseconds since the epoch, by the clock of the host. */
  readonly at: number;
}

const PATHS = [
  'name',
  'runtime.powerState',
  'runtime.connectionState',
  'guest.toolsRunningStatus',
  'config.template',
  'config.keyId',
  'config.changeTrackingEnabled',
  'capability.changeTrackingSupported',
  'config.hardware.device',
  'snapshot',
];

/** Throws ServerNotFoundError. */
export async function virtualMachineOf(session: VimSession, id: VmId): Promise<VirtualMachine> {
  const ref = virtualMachine(id);
  const found = /^vm-\w+$/.test(id) ? await propertiesOf(session, ref, PATHS) : undefined;
  if (!found)
    throw new ServerNotFoundError(
      `no virtual machine ${id} in ${session.host}, or user ${session.user} may not see it; import the server catalog to see which there are`,
    );
  const text = (path: string) => textOf(found.get(path)) ?? '';
  return {
    ref,
    name: text('name') || id,
    isOn: text('runtime.powerState') !== 'poweredOff',
    hasTools: text('guest.toolsRunningStatus') === 'guestToolsRunning',
    connection: text('runtime.connectionState') || 'connected',
    isTemplate: text('config.template') === 'true',
    isEncrypted: found.has('config.keyId'),
    tracking: {
      isSupported: text('capability.changeTrackingSupported') !== 'false',
      isOn: text('config.changeTrackingEnabled') === 'true',
    },
    snapshots: snapshotsIn(found.get('snapshot')),
    disks: disksAmong(found.get('config.hardware.device')),
  };
}

/** All snapshots of a VirtualMachineSnapshotInfo, each before those that build on it. */
export function snapshotsIn(info: Xml | undefined): SnapshotEntry[] {
  const below = (list: readonly Xml[]): SnapshotEntry[] =>
    list.flatMap((entry) => [entryOf(entry), ...below(children(entry, 'childSnapshotList'))]);
  return below(children(info, 'rootSnapshotList'));
}

const entryOf = (entry: Xml): SnapshotEntry => ({
  ref: morefOf(child(entry, 'snapshot')),
  name: withoutCodes(textOf(entry, 'name') ?? ''),
  description: textOf(entry, 'description') ?? '',
  isQuiesced: textOf(entry, 'quiesced') === 'true',
  at: Date.parse(textOf(entry, 'createTime') ?? ''),
});
