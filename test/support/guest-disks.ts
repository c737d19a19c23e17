import { crc32, gzipSync } from 'node:zlib';
import { formatExt4 } from '../../scripts/ext4/format.ts';
import type { Entry } from '../../scripts/ext4/tree.ts';
import { FIRST_PARTITION, masterBootRecord } from '../../scripts/partition-table.ts';
import { cpio } from './cpio.ts';

const MIB = 2 ** 20;
/** Types of GPT partitions as they are stored. */
const EFI_SYSTEM = '28732ac11ff8d211ba4b00a0c93ec93b';
const LINUX = 'af3dc60f838472478e793d69d8477de4';

/** The files of a system, by their paths; a text of undefined takes away what is there. */
export type Files = Readonly<Record<string, string | Buffer | undefined>>;

export const VERSION = '6.1.0-9-amd64';

/** An initial file system with these paths in it, as packages make it: firmware first, then the rest, compressed. */
export function initramfs(paths: readonly string[], pack: (bytes: Buffer) => Buffer = gzipSync): Buffer {
  const firmware = cpio([
    { path: 'kernel/x86/microcode/GenuineIntel.bin', mode: 0o100644, content: Buffer.alloc(999) },
  ]);
  const rest = cpio(paths.map((path) => ({ path, mode: 0o100644, content: Buffer.alloc(1_001) })));
  return Buffer.concat([firmware, Buffer.alloc(512), pack(rest)]);
}

/** A system that is ready for EC2. */
export const READY: Files = {
  'etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  'etc/fstab':
    '# made by the installer\nUUID=8a9a7c3e-7f0c-4d3b-9a55-0c1de5f0a001 / ext4 errors=remount-ro 0 1\nUUID=0b0b none swap sw 0 0\n',
  'etc/network/interfaces': 'auto lo\niface lo inet loopback\nallow-hotplug en*\niface en* inet dhcp\n',
  [`boot/vmlinuz-${VERSION}`]: 'kernel',
  [`boot/initrd.img-${VERSION}`]: initramfs(['init', `usr/lib/modules/${VERSION}/kernel/drivers/nvme/host/nvme.ko`]),
  'boot/grub/grub.cfg': `menuentry Debian {\n  linux /boot/vmlinuz-${VERSION} root=UUID=8a9a ro console=ttyS0\n}\n`,
  [`lib/modules/${VERSION}/modules.builtin`]: 'kernel/fs/ext4/ext4.ko\n',
  [`lib/modules/${VERSION}/kernel/drivers/net/ethernet/amazon/ena/ena.ko`]: 'driver',
};

function entriesOf(files: Files): Entry[] {
  return Object.entries(files)
    .filter(([, content]) => content !== undefined)
    .map(([path, content]) =>
      typeof content === 'string' && content.startsWith('-> ')
        ? { path, link: content.slice(3) }
        : { path, content: content! },
    );
}

/** An ext4 file system with these files. A text that begins with `-> ` is a link. */
export function fileSystem(files: Files, size = 8 * MIB): Buffer {
  const bytes = Buffer.alloc(size);
  const label = { label: 'root', uuid: '8a9a7c3e-7f0c-4d3b-9a55-0c1de5f0a001', at: 1_700_000_000 };
  for (const piece of formatExt4(size, entriesOf(files), label)) piece.bytes.copy(bytes, piece.offset);
  return bytes;
}

/** A disk with an MBR, boot code and one partition. */
export function mbrDisk(partition: Buffer): Buffer {
  const disk = Buffer.alloc(FIRST_PARTITION + partition.length);
  masterBootRecord(disk.length, { text: 'boot', signature: 1, isActive: true }).copy(disk);
  partition.copy(disk, FIRST_PARTITION);
  return disk;
}

/** A disk with a GPT: an EFI system partition, and behind it the others. */
export function gptDisk(esp: Buffer, ...others: Buffer[]): Buffer {
  const all = [esp, ...others];
  const disk = Buffer.alloc(FIRST_PARTITION + all.reduce((sum, one) => sum + one.length, 0) + MIB);
  disk.writeUInt8(0xee, 446 + 4);
  disk.writeUInt32LE(1, 446 + 8);
  disk.writeUInt32LE(disk.length / 512 - 1, 446 + 12);
  disk.writeUInt16LE(0xaa55, 510);
  let at = FIRST_PARTITION;
  for (const [position, partition] of all.entries()) {
    const entry = 1024 + position * 128;
    disk.write(position === 0 ? EFI_SYSTEM : LINUX, entry, 'hex');
    disk.writeUInt8(position + 1, entry + 16); // its own name
    disk.writeBigUInt64LE(BigInt(at / 512), entry + 32);
    disk.writeBigUInt64LE(BigInt((at + partition.length) / 512 - 1), entry + 40);
    partition.copy(disk, at);
    at += partition.length;
  }
  writeHeader(disk);
  return disk;
}

/** Source: UEFI specification, GPT header. Firmware checks both sums. */
function writeHeader(disk: Buffer) {
  const header = disk.subarray(512, 512 + 92);
  header.write('EFI PART', 0);
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(header.length, 12);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(disk.length / 512 - 1), 32);
  header.writeBigUInt64LE(34n, 40);
  header.writeBigUInt64LE(BigInt(disk.length / 512 - 34), 48);
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  header.writeUInt32LE(crc32(disk.subarray(1024, 1024 + 128 * 128)), 88);
  header.writeUInt32LE(crc32(header), 16);
}

/** A FAT32 with a file of that name, of at most 512 bytes, in EFI/BOOT; or without any. One cluster is a sector. */
export function efiPartition(name?: string, content: Buffer = Buffer.alloc(0)): Buffer {
  // As many clusters as make it a FAT32.
  const [bytes, sector, reserved, table] = [Buffer.alloc(34 * MIB), 512, 32, 544];
  bytes.writeUInt16LE(sector, 11);
  bytes.writeUInt8(1, 13);
  bytes.writeUInt16LE(reserved, 14);
  bytes.writeUInt8(1, 16);
  bytes.writeUInt32LE(table, 36);
  bytes.writeUInt32LE(2, 44);
  bytes.write('FAT32   ', 82);
  // A jump, the kind of medium, and the size: what firmware demands before it looks further.
  bytes.write('eb5890', 0, 'hex');
  bytes.writeUInt8(0xf8, 21);
  bytes.writeUInt16LE(63, 24);
  bytes.writeUInt16LE(255, 26);
  bytes.writeUInt32LE(bytes.length / sector, 32);
  bytes.writeUInt8(0x29, 66);
  bytes.writeUInt16LE(0xaa55, 510);
  bytes.writeUInt32LE(0x0ffffff8, reserved * sector);
  bytes.writeUInt32LE(0x0fffffff, reserved * sector + 4);
  const cluster = (number: number) => (reserved + table + number - 2) * sector;
  for (const number of [2, 3, 4, 5]) bytes.writeUInt32LE(0x0fffffff, reserved * sector + number * 4);
  const entry = (at: number, text: string, { folder, to }: { folder: boolean; to: number }) => {
    bytes.write(text.padEnd(11), at);
    bytes.writeUInt8(folder ? 0x10 : 0x20, at + 11);
    bytes.writeUInt16LE(to, at + 26);
    bytes.writeUInt32LE(folder ? 0 : content.length, at + 28);
  };
  entry(cluster(2), 'EFI', { folder: true, to: 3 });
  entry(cluster(3), 'BOOT', { folder: true, to: 4 });
  if (name !== undefined) entry(cluster(4), name, { folder: false, to: 5 });
  content.copy(bytes, cluster(5));
  return bytes;
}

const EXTENT = MIB;

/** A physical volume of LVM, whose group `vg` has these volumes; the first lies in two pieces, around the others. */
export function physicalVolume(
  volumes: Readonly<Record<string, Buffer>>,
  { type = 'striped', disks = 1 }: { type?: string; disks?: number } = {},
): Buffer {
  const [first, ...others] = Object.entries(volumes).map(([name, bytes]) => ({
    name,
    bytes,
    extents: bytes.length / EXTENT,
  }));
  const sum = (list: readonly { extents: number }[]) => list.reduce((total, { extents }) => total + extents, 0);
  const disk = Buffer.alloc(EXTENT * (1 + first!.extents + sum(others)));
  const place = (bytes: Buffer, extent: number) => bytes.copy(disk, EXTENT * (1 + extent));
  place(first!.bytes.subarray(0, EXTENT), 0);
  place(first!.bytes.subarray(EXTENT), 1 + sum(others));
  const segment = (number: number, [start, count, at]: readonly [number, number, number]) =>
    `segment${number} {\nstart_extent = ${start}\nextent_count = ${count}\ntype = "${type}"\nstripe_count = 1\t# linear\nstripes = [\n"pv0", ${at}\n]\n}\n`;
  const volume = (name: string, ...segments: (readonly [number, number, number])[]) =>
    `${name} {\nid = "x-{y}"\nstatus = ["READ", "VISIBLE"]\nsegment_count = ${segments.length}\n${segments.map((one, position) => segment(position + 1, one)).join('')}}\n`;
  const rest = others.map(({ name, bytes, extents }, position) => {
    const at = 1 + sum(others.slice(0, position));
    place(bytes, at);
    return volume(name, [0, extents, at]);
  });
  const physical = Array.from(
    { length: disks },
    (_, number) => `pv${number} {\ndevice = "/dev/sda${number}"\npe_start = ${EXTENT / 512}\n}\n`,
  );
  const whole = volume(first!.name, [0, 1, 0], [1, first!.extents - 1, 1 + sum(others)]);
  writeMetadata(
    disk,
    `vg {\nextent_size = ${EXTENT / 512}\nphysical_volumes {\n${physical.join('')}}\nlogical_volumes {\n${whole}${rest.join('')}}\n}\n# made by hand\nversion = 1\n`,
  );
  return disk;
}

/** As lvm2 2.03 writes it (compared with what vgcfgrestore and lvs make of it); the text goes around the end of its ring. */
function writeMetadata(disk: Buffer, text: string) {
  const [area, size] = [4096, 65_536];
  const offset = size - 100;
  disk.write('LABELONE', 512);
  disk.writeUInt32LE(32, 512 + 20);
  disk.write('LVM2 001', 512 + 24);
  const header = 512 + 32;
  disk.writeBigUInt64LE(BigInt(disk.length), header + 32);
  disk.writeBigUInt64LE(BigInt(EXTENT), header + 40);
  disk.writeBigUInt64LE(BigInt(area), header + 40 + 32);
  disk.writeBigUInt64LE(BigInt(size), header + 40 + 40);
  disk.write(' LVM2 x[5A%r0N*>', area + 4, 'latin1');
  for (const [at, value] of [
    [24, area],
    [32, size],
    [40, offset],
    [48, text.length],
  ] as const)
    disk.writeBigUInt64LE(BigInt(value), area + at);
  disk.write(text.slice(0, 100), area + offset);
  disk.write(text.slice(100), area + 512);
}
