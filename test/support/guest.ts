import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connectQmp, type Qmp } from '../../lib/connector/qemu/qmp.ts';
import { until } from './start.ts';

/** Why no guest can run here; undefined where one can. */
export const missingSystem: string | undefined = spawnSync('qemu-system-x86_64', ['--version']).error
  ? 'there is no qemu-system-x86_64 (apt-get install qemu-system-x86)'
  : undefined;

/** A QEMU without an operating system: what a guest would write is written by its monitor. */
export interface TestGuest {
  readonly child: ChildProcess;
  readonly qmp: Qmp;
  /** Runs a command of qemu-io on a disk as its device would, such as `write -P 1 0 64k`. */
  io(disk: string, command: string): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

export interface GuestSpec {
  /** Folder of its sockets: NAME.qmp, and one for the test. */
  readonly folder: string;
  readonly name: string;
  /** Images by the ids of their devices, in device order. */
  readonly disks: Readonly<Record<string, string>>;
  /** What the disks are; virtio-blk-pci unless told. */
  readonly device?: string;
  readonly more?: readonly string[];
}

export async function startGuest({
  folder,
  name,
  disks,
  device = 'virtio-blk-pci',
  more = [],
}: GuestSpec): Promise<TestGuest> {
  const control = join(folder, `${name}.control`);
  const drives = Object.entries(disks).flatMap(([id, path]) => [
    '-blockdev',
    `driver=${path.endsWith('.qcow2') ? 'qcow2' : 'raw'},node-name=node-${id},file.driver=file,file.filename=${path}`,
    '-device',
    `${device},drive=node-${id},id=${id}`,
  ]);
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg', '-machine', 'q35', '-m', '32', '-display', 'none', '-nodefaults', '-no-user-config'],
      ...['-name', name, ...(device === 'scsi-hd' ? ['-device', 'virtio-scsi-pci'] : []), ...drives],
      ...['-qmp', `unix:${join(folder, `${name}.qmp`)},server=on,wait=off`],
      ...['-qmp', `unix:${control},server=on,wait=off`, ...more],
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  // A socket of an earlier start may be there still.
  const qmp = (await until(
    () => connectQmp(control).catch(() => undefined),
    (connected) => connected !== undefined,
  ))!;
  return {
    child,
    qmp,
    async io(disk, command) {
      const path = device === 'virtio-blk-pci' ? `/machine/peripheral/${disk}/virtio-backend` : disk;
      const line = `qemu-io -d ${path} "${command}"`;
      const answer = await qmp.execute('human-monitor-command', { 'command-line': line });
      if (answer !== '') throw new Error(`qemu-io ${command}: ${answer}`);
    },
    async kill() {
      qmp.close();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
