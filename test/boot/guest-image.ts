import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FIRST_PARTITION, masterBootRecord } from '../../scripts/partition-table.ts';
import { cpio, type Entry } from '../support/cpio.ts';

const MIB = 2 ** 20;
const DISK = 160 * MIB;
const ROOT = '8a9a7c3e-7f0c-4d3b-9a55-0c1de5f0a001';
/** The drivers by which the guest reads its disk before it is migrated, in the order of their dependence. NVMe's is in Debian's kernel for clouds itself. */
const MODULES = [
  'virtio/virtio_ring.ko',
  'virtio/virtio.ko',
  'virtio/virtio_pci_legacy_dev.ko',
  'virtio/virtio_pci_modern_dev.ko',
  'virtio/virtio_pci.ko',
  'block/virtio_blk.ko',
];
const FOLDERS = [
  'bin',
  'sbin',
  'etc/init.d',
  'etc/network',
  'proc',
  'sys',
  'dev',
  'boot/grub',
  'var/pages',
  'tmp',
  'run',
];

/** Finds the root by its UUID, whatever disk it is on. */
const INITIAL = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
for module in ${MODULES.map((module) => basename(module)).join(' ')}; do /bin/busybox insmod /modules/$module; done
while ! device=$(/bin/busybox findfs UUID=${ROOT} 2>/dev/null); do /bin/busybox usleep 50000; done
/bin/busybox mount -t ext4 $device /root
exec /bin/busybox switch_root /root /sbin/init
`;

/** Says what it started from and how far it had come, goes on writing pages and then their count, and runs what comes in on the second line. */
const START = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -o remount,rw /
echo "guest: root on $(grep ' / ' /proc/mounts | grep -o '^/dev/[a-z0-9]*'), marker $(cat /etc/marker)"
count=$(cat /var/count)
[ "$count" = 0 ] || md5sum -c /var/sums-$((count % 2)) >/dev/null && echo "guest: $count pages are whole"
(while true; do
  count=$((count + 1))
  dd if=/dev/urandom of=/var/pages/$((count % 40)) bs=64k count=1 2>/dev/null
  (cd / && md5sum /var/pages/$((count % 40))) > /var/sums-$((count % 2))
  sync
  echo $count > /var/count
  sync
done) &
stty -F /dev/ttyS1 raw -echo
(while read -r line; do sh -c "$line" >/dev/ttyS1 2>&1; done < /dev/ttyS1) &
`;

/** Makes the guest's disk from the unpacked packages. */
export function makeGuest(unpacked: string, disk: string): void {
  const root = join(dirname(disk), 'root');
  const version = readdirSync(join(unpacked, 'lib', 'modules'))[0]!;
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
  installBusybox(unpacked, root);
  writeSystem(root);
  const modules = join('lib', 'modules', version);
  for (const file of [
    'modules.builtin',
    'kernel/drivers/net/ethernet/amazon/ena/ena.ko',
    ...MODULES.map((module) => `kernel/drivers/${module}`),
  ])
    cpSync(join(unpacked, modules, file), join(root, modules, file), { recursive: true });
  copyFileSync(join(unpacked, 'boot', `vmlinuz-${version}`), join(root, 'boot', `vmlinuz-${version}`));
  writeFileSync(join(root, 'boot', `initrd.img-${version}`), initialSystem(unpacked, version));
  writeFileSync(join(root, 'boot', 'grub', 'grub.cfg'), grubConfiguration(version));
  writeDisk(disk, root, bootLoader(unpacked));
}

function installBusybox(unpacked: string, root: string) {
  copyFileSync(join(unpacked, 'bin', 'busybox'), join(root, 'bin', 'busybox'));
  const names = execFileSync(join(unpacked, 'bin', 'busybox'), ['--list'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  for (const name of names.filter((one) => one !== 'busybox')) symlinkSync('busybox', join(root, 'bin', name));
  symlinkSync('../bin/busybox', join(root, 'sbin', 'init'));
}

function writeSystem(root: string) {
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  write('etc/fstab', `UUID=${ROOT} / ext4 errors=remount-ro 0 1\n`);
  write('etc/inittab', '::sysinit:/etc/init.d/rcS\nttyS0::respawn:/bin/getty -L 115200 ttyS0 vt100\n');
  write('etc/init.d/rcS', START);
  chmodSync(join(root, 'etc/init.d/rcS'), 0o755);
  write('etc/network/interfaces', 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n');
  write('etc/os-release', 'PRETTY_NAME="Debian kernel with busybox, for tests"\nID=debian\n');
  write('etc/hostname', 'guest\n');
  write('etc/passwd', 'root::0:0:root:/:/bin/sh\n');
  write('etc/marker', 'none\n');
  write('var/count', '0\n');
}

function initialSystem(unpacked: string, version: string): Buffer {
  const folder = (path: string): Entry => ({ path, mode: 0o40755 });
  const file = (path: string, content: Buffer): Entry => ({ path, mode: 0o100755, content });
  return gzipSync(
    cpio([
      ...['bin', 'dev', 'proc', 'sys', 'root', 'modules'].map(folder),
      file('bin/busybox', readFileSync(join(unpacked, 'bin', 'busybox'))),
      ...MODULES.map((module) =>
        file(
          `modules/${basename(module)}`,
          readFileSync(join(unpacked, 'lib/modules', version, 'kernel/drivers', module)),
        ),
      ),
      file('init', Buffer.from(INITIAL)),
    ]),
  );
}

const grubConfiguration = (version: string) => `serial --unit=0
terminal_output serial
set timeout=0
menuentry guest {
  linux /boot/vmlinuz-${version} root=UUID=${ROOT} ro net.ifnames=0 console=ttyS0 quiet
  initrd /boot/initrd.img-${version}
}
`;

/** GRUB's first sector, and what that loads from the sectors behind it. */
function bootLoader(unpacked: string): { sector: Buffer; core: Buffer } {
  const modules = join(unpacked, 'usr/lib/grub/i386-pc');
  const output = join(unpacked, 'core.img');
  const used = ['biosdisk', 'part_msdos', 'ext2', 'linux', 'normal', 'serial', 'terminal'];
  const options = ['-O', 'i386-pc', '-d', modules, '-p', '(hd0,msdos1)/boot/grub', '-o', output];
  const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: join(unpacked, 'lib/x86_64-linux-gnu') };
  execFileSync(join(unpacked, 'usr/bin/grub-mkimage'), [...options, ...used], { env });
  return { sector: readFileSync(join(modules, 'boot.img')), core: readFileSync(output) };
}

function writeDisk(disk: string, root: string, { sector, core }: { sector: Buffer; core: Buffer }) {
  if (core.length > FIRST_PARTITION - 512) throw new Error('GRUB does not fit before the first partition');
  const record = masterBootRecord(DISK, { text: '', signature: 0x5e4057, isActive: true });
  sector.copy(record, 0, 0, 440);
  writeFileSync(disk, Buffer.concat([record, core]));
  truncateSync(disk, DISK);
  const options = ['-q', '-t', 'ext4', '-U', ROOT, '-d', root, '-E', `offset=${FIRST_PARTITION},root_owner=0:0`];
  execFileSync('mke2fs', [...options, disk, `${(DISK - FIRST_PARTITION) / 1024}k`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
