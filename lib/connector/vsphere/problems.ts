import { MAX_DISKS } from '../disk-problems.ts';
import { MAX_DISK_SIZE } from '../formats/part.ts';
import type { Problem } from '../source.ts';
import type { ReaderChoice } from './frozen-point.ts';
import { missingPrivileges } from './privileges.ts';
import { isOfRehost, isOwnedBy } from './snapshots.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualDisk } from './virtual-disks.ts';
import type { VirtualMachine } from './virtual-machine.ts';

export interface CheckOptions {
  /** Snapshots of this owner are ours. */
  readonly owner: string;
  /** By an export, the host joins the bytes of snapshots, so that others' do not matter. */
  readonly reader: ReaderChoice;
}

/** What keeps the server from being replicated. */
export async function problemsOf(session: VimSession, vm: VirtualMachine, options: CheckOptions): Promise<Problem[]> {
  const lacking = await missingPrivileges(session, vm, options.reader);
  return [
    ...stateProblems(vm),
    ...vm.disks.flatMap(diskProblems),
    ...snapshotProblems(vm, options),
    ...(lacking.length === 0 ? [] : [missingPrivilegesProblem(session.user, lacking)]),
  ];
}

const missingPrivilegesProblem = (user: string, lacking: readonly string[]): Problem => ({
  code: 'MissingPrivileges',
  message: `user ${user} lacks ${lacking.join(', ')}; add them to the user's role in vCenter (docs/vsphere.md lists all, and why)`,
});

function stateProblems({ name, isTemplate, isEncrypted, connection, disks }: VirtualMachine): Problem[] {
  const problems: Problem[] = [];
  const add = (code: string, message: string) => problems.push({ code, message });
  if (connection !== 'connected')
    add('ServerNotConnected', `${name} is ${connection}: its host or its files cannot be reached; bring them back`);
  if (isTemplate) add('Template', `${name} is a template; make a virtual machine of it`);
  if (isEncrypted || disks.some((disk) => disk.isEncrypted))
    add(
      'EncryptedServer',
      `${name} is encrypted, and so its disks cannot be read; give it a storage policy without encryption`,
    );
  if (disks.length === 0) add('NoDisks', `${name} has no disk, or the user may not see it`);
  if (disks.length > MAX_DISKS)
    add(
      'TooManyDisks',
      `${name} has ${disks.length} disks, and at most ${MAX_DISKS} can be migrated; move some to another server`,
    );
  return problems;
}

/** Disks of files; a snapshot does not hold any other still. */
const SNAPSHOTTED = [
  'VirtualDiskFlatVer2BackingInfo',
  'VirtualDiskSeSparseBackingInfo',
  'VirtualDiskSparseVer2BackingInfo',
];

function diskProblems({ label, backing, mode, isShared, size }: VirtualDisk): Problem[] {
  const problem = (code: string, message: string) => [{ code, message }];
  if (/RawDiskMapping/.test(backing))
    return problem(
      'RawDeviceMapping',
      `${label} is a raw device mapping; convert it to a virtual disk (migrate its storage), or detach it`,
    );
  if (!SNAPSHOTTED.includes(backing))
    return problem(
      'UnsupportedDisk',
      `${label} is kept as ${backing || 'something unknown'}; clone it into a virtual disk`,
    );
  if (/^independent/.test(mode))
    return problem(
      'IndependentDisk',
      `${label} is independent, so that no snapshot freezes it; set its mode to dependent while the server is off, or detach it`,
    );
  if (isShared)
    return problem(
      'SharedDisk',
      `${label} is shared with other servers, so that no snapshot freezes it; end the sharing, or detach it`,
    );
  if (size > MAX_DISK_SIZE)
    return problem(
      'DiskTooLarge',
      `${label} has ${size} bytes, and volumes have ${MAX_DISK_SIZE} (64 TiB) at most; split it`,
    );
  return [];
}

/** Snapshots that are not ours, and in the way: the disk's newest bytes are in files that cannot be read without the host. */
export function snapshotProblems({ name, snapshots }: VirtualMachine, { owner, reader }: CheckOptions): Problem[] {
  const foreign = snapshots.filter((one) => !isOwnedBy(owner, one));
  if (foreign.length === 0 || reader === 'export') return [];
  const names = foreign.map((one) => `"${one.name}"${isOfRehost(one) ? ' (of another Rehost)' : ''}`);
  return [
    {
      code: 'ForeignSnapshots',
      message: `${name} has snapshots that others made: ${names.join(', ')}; remove them, or open the source with reader=export`,
    },
  ];
}
