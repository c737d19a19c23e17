import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openExt4 } from '../../lib/connector/preflight/ext4.ts';
import type { FileSystem, Reader } from '../../lib/connector/preflight/file-system.ts';
import { preflight } from '../../lib/connector/preflight/preflight.ts';
import { cpio } from '../support/cpio.ts';
import { makeDataFolder } from '../support/data-folder.ts';
import {
  efiPartition,
  type Files,
  fileSystem,
  gptDisk,
  initramfs,
  mbrDisk,
  physicalVolume,
  READY,
  VERSION,
} from '../support/guest-disks.ts';
import { rehost } from '../support/process.ts';

const MIB = 2 ** 20;
const readerOf = (bytes: Buffer): Reader => ({
  size: bytes.length,
  async read(offset, into) {
    if (offset < 0 || offset + into.length > bytes.length) throw new RangeError('behind the end of the disk');
    bytes.copy(into, 0, offset);
  },
});

/** What the preflight says of a system that differs from one that is ready. */
async function verdictOf(files: Files) {
  const { verdict, findings, notes, facts } = await preflight([readerOf(mbrDisk(fileSystem({ ...READY, ...files })))]);
  return { verdict, codes: findings.map(({ code }) => code), notes, facts };
}

describe('a guest', () => {
  test('is ready, and it is told what was seen', async () => {
    expect(await verdictOf({})).toEqual({
      verdict: 'ready',
      codes: [],
      notes: [],
      facts: [
        'disk 1: MBR; ext4',
        'firmware: BIOS',
        'system: Debian GNU/Linux 12 (bookworm)',
        'fstab: 2 entries, 0 of them by device name',
        `kernel: ${VERSION}`,
        `NVMe driver: in initrd.img-${VERSION}`,
        'ENA driver: there',
        'network: DHCP on en*',
      ],
    });
  });

  const INITRD = `boot/initrd.img-${VERSION}`;
  const ENA = `lib/modules/${VERSION}/kernel/drivers/net/ethernet/amazon/ena/ena.ko`;
  const INTERFACES = 'etc/network/interfaces';
  test.each<[string, Files, string, string[]]>([
    [
      'root by device name in fstab',
      { 'etc/fstab': '/dev/sda1 / ext4 defaults 0 1\n' },
      'needs import',
      ['FstabByDeviceName'],
    ],
    [
      'data by path in fstab',
      { 'etc/fstab': '/dev/disk/by-path/pci-1 /data xfs defaults 0 1\n' },
      'needs import',
      ['FstabByDeviceName'],
    ],
    ['a volume of LVM in fstab', { 'etc/fstab': '/dev/mapper/vg-data /data ext4 defaults 0 1\n' }, 'ready', []],
    [
      'swap and what may fail by device name',
      { 'etc/fstab': '/dev/sdb1 none swap sw 0 0\n/dev/sr0 /media auto noauto 0 0\n/dev/sdc1 /c ext4 nofail 0 0\n' },
      'ready',
      [],
    ],
    [
      'no driver in the initial file system',
      { [INITRD]: initramfs(['init', 'lib/modules/x/ahci.ko']) },
      'needs import',
      ['NoNvmeDriver'],
    ],
    [
      'the driver in the kernel',
      {
        [INITRD]: initramfs(['init']),
        [`lib/modules/${VERSION}/modules.builtin`]:
          'kernel/drivers/nvme/host/nvme-core.ko\nkernel/drivers/nvme/host/nvme.ko\n',
      },
      'ready',
      [],
    ],
    [
      'an initial file system that is packed twice',
      {
        [INITRD]: Buffer.concat([
          initramfs([`usr/lib/modules/${VERSION}/kernel/drivers/nvme/host/nvme.ko.zst`], (bytes) => bytes),
          Buffer.alloc(100),
          initramfs(['init']),
        ]),
      },
      'ready',
      [],
    ],
    ['no initial file system', { [INITRD]: undefined }, 'needs import', ['NoInitramfs']],
    [
      'an initial file system of noise',
      { [INITRD]: Buffer.alloc(5_000, 'noise') },
      'needs import',
      ['InitramfsNotRead'],
    ],
    [
      'an initial file system that is cut off',
      { [INITRD]: initramfs(['init']).subarray(0, -40) },
      'needs import',
      ['InitramfsNotRead'],
    ],
    [
      'one that cannot be read, made for all hardware',
      { [INITRD]: Buffer.alloc(5_000, 'noise'), 'etc/initramfs-tools/initramfs.conf': 'MODULES=most\n' },
      'ready',
      [],
    ],
    ['no driver of the network', { [ENA]: undefined }, 'needs import', ['NoEnaDriver']],
    ['no kernel', { [`boot/vmlinuz-${VERSION}`]: undefined }, 'unsupported', ['NoKernel']],
    [
      'root by device name in GRUB',
      { 'boot/grub/grub.cfg': `linux /boot/vmlinuz-${VERSION} root=/dev/sda1 ro console=ttyS0\n` },
      'needs import',
      ['RootByDeviceName'],
    ],
    [
      'a fixed address',
      { [INTERFACES]: 'iface ens192 inet static\n  address 10.0.0.5/24\n' },
      'needs import',
      ['StaticAddress'],
    ],
    ['DHCP on the old name', { [INTERFACES]: 'iface ens192 inet dhcp\n' }, 'needs import', ['FixedInterfaceName']],
    [
      'DHCP on eth0, which is its name',
      {
        [INTERFACES]: 'iface eth0 inet dhcp\n',
        'boot/grub/grub.cfg': 'linux /boot/vmlinuz root=UUID=1 net.ifnames=0 console=ttyS0\n',
      },
      'ready',
      [],
    ],
    ['DHCP on eth0, which is not', { [INTERFACES]: 'iface eth0 inet dhcp\n' }, 'needs import', ['FixedInterfaceName']],
    ['no network', { [INTERFACES]: undefined }, 'needs import', ['NoDhcp']],
    [
      'NetworkManager, which takes any',
      { [INTERFACES]: undefined, 'etc/NetworkManager/NetworkManager.conf': '[main]\n' },
      'ready',
      [],
    ],
    [
      'NetworkManager with an address',
      {
        [INTERFACES]: undefined,
        'etc/NetworkManager/system-connections/a.nmconnection':
          '[connection]\nid=a\n[ipv4]\naddress1=10.0.0.5/24\nmethod=manual\n[ipv6]\nmethod=auto\n',
      },
      'needs import',
      ['StaticAddress'],
    ],
    [
      'Red Hat’s scripts with an address and a card',
      {
        [INTERFACES]: undefined,
        'etc/sysconfig/network-scripts/ifcfg-ens192': 'BOOTPROTO=none\nIPADDR=10.0.0.5\nHWADDR=00:50:56:00:00:01\n',
      },
      'needs import',
      ['StaticAddress', 'FixedNetworkCard'],
    ],
    [
      'netplan with any name',
      {
        [INTERFACES]: undefined,
        'etc/netplan/01.yaml': 'network:\n  ethernets:\n    all:\n      match: {name: "en*"}\n      dhcp4: true\n',
      },
      'ready',
      [],
    ],
    [
      'netplan with an address',
      {
        [INTERFACES]: undefined,
        'etc/netplan/01.yaml': 'network:\n  ethernets:\n    ens192:\n      addresses: [10.0.0.5/24]\n',
      },
      'needs import',
      ['StaticAddress'],
    ],
    [
      'netplan that is no YAML',
      { [INTERFACES]: undefined, 'etc/netplan/01.yaml': 'network: [' },
      'needs import',
      ['NoDhcp'],
    ],
    [
      'networkd',
      { [INTERFACES]: undefined, 'etc/systemd/network/a.network': '[Match]\nName=e*\n[Network]\nDHCP=yes\n' },
      'ready',
      [],
    ],
    [
      'rules that name the card',
      {
        'etc/udev/rules.d/70-persistent-net.rules':
          'SUBSYSTEM=="net", ATTR{address}=="00:50:56:00:00:01", NAME="eth0"\n',
      },
      'needs import',
      ['FixedNetworkCard'],
    ],
    [
      'an os-release that is a link',
      { 'etc/os-release': '-> ../usr/lib/os-release', 'usr/lib/os-release': 'PRETTY_NAME=X\n' },
      'ready',
      [],
    ],
    ['a link in a circle', { 'etc/fstab': '-> ../etc/fstab' }, 'ready', []],
  ])('with %s', async (_, files, verdict, codes) => {
    expect(await verdictOf(files)).toMatchObject({ verdict, codes });
  });

  test('without a serial console is ready, with a note', async () => {
    const { verdict, notes } = await verdictOf({ 'boot/grub/grub.cfg': 'linux /vmlinuz root=UUID=1\n' });
    expect({ verdict, notes }).toEqual({ verdict: 'ready', notes: [expect.stringContaining('console=ttyS0')] });
  });

  test('is judged by its newest kernel', async () => {
    const { facts, codes } = await verdictOf({
      'boot/vmlinuz-6.1.0-10-amd64': 'kernel',
      'boot/initrd.img-6.1.0-10-amd64': initramfs(['init']),
      'lib/modules/6.1.0-10-amd64/modules.builtin': '',
    });
    expect(facts).toContain('kernel: 6.1.0-10-amd64 (and 1 older)');
    expect(codes).toEqual(['NoNvmeDriver', 'NoEnaDriver']);
  });

  test.each(['zstd', 'xz', 'lz4', 'bzip2'])('may have packed its initial file system by %s', async (program) => {
    const packed = spawnSync(program, ['-c'], { input: cpio([{ path: 'x/nvme.ko', mode: 0o100644 }]) });
    if (packed.error) return console.warn(`skipped, since there is no ${program}`);
    expect(await verdictOf({ [INITRD]: packed.stdout })).toMatchObject({ verdict: 'ready' });
  });

  test('whose initial file system needs a program that is not there is told which', async () => {
    const { PATH } = process.env;
    process.env.PATH = '/nowhere';
    try {
      const disk = mbrDisk(fileSystem({ ...READY, [INITRD]: Buffer.from('\xfd7zXZ\0and more', 'latin1') }));
      const { findings } = await preflight([readerOf(disk)]);
      expect(findings).toMatchObject([
        { code: 'InitramfsNotRead', message: expect.stringContaining('install it (Debian package xz-utils)') },
      ]);
    } finally {
      process.env.PATH = PATH;
    }
  });
});

describe('disks', () => {
  const esp = efiPartition('BOOTX64 EFI');
  const root = fileSystem(READY);
  const closed = (mark: string, at: number) => {
    const bytes = Buffer.alloc(MIB);
    bytes.write(mark, at, 'latin1');
    return bytes;
  };

  test.each<[string, Buffer[], string, string[]]>([
    ['UEFI with a loader where one is looked for', [gptDisk(esp, root)], 'ready', []],
    ['UEFI without', [gptDisk(efiPartition('GRUBX64 EFI'), root)], 'unsupported', ['NoFallbackLoader']],
    ['no boot loader', [mbrDisk(root).fill(0, 0, 440)], 'unsupported', ['NoBootLoader']],
    ['nothing', [Buffer.alloc(4 * MIB)], 'needs import', ['NotLookedInto']],
    [
      'a kernel in a partition of its own, and LVM',
      [
        gptDisk(
          esp,
          fileSystem({
            [`vmlinuz-${VERSION}`]: 'kernel',
            [`initrd.img-${VERSION}`]: READY[`boot/initrd.img-${VERSION}`],
          }),
          closed('LABELONE', 512),
        ),
      ],
      'needs import',
      ['NotLookedInto'],
    ],
    ['the root in LVM', [mbrDisk(physicalVolume({ root, swap: closed('SWAPSPACE2', 4086) }))], 'ready', []],
    ['LVM on several disks', [mbrDisk(physicalVolume({ root }, { disks: 2 }))], 'needs import', ['NotLookedInto']],
    ['LVM in mirrors', [mbrDisk(physicalVolume({ root }, { type: 'raid1' }))], 'needs import', ['NotLookedInto']],
    [
      'XFS in LVM',
      [mbrDisk(physicalVolume({ root: Buffer.concat([closed('XFSB', 0), Buffer.alloc(MIB)]) }))],
      'needs import',
      ['NotLookedInto'],
    ],
    ['XFS', [mbrDisk(closed('XFSB', 0))], 'needs import', ['NotLookedInto']],
    ['encryption', [mbrDisk(closed('LUKS\xba\xbe', 0))], 'unsupported', ['Encrypted']],
    ['Windows', [gptDisk(esp, closed('NTFS    ', 3))], 'needs import', ['Windows']],
    ['the root on the second disk', [mbrDisk(closed('SWAPSPACE2', 4086)), mbrDisk(root)], 'ready', []],
  ])('with %s', async (_, disks, verdict, codes) => {
    const result = await preflight(disks.map(readerOf));
    expect({ verdict: result.verdict, codes: result.findings.map(({ code }) => code) }).toEqual({ verdict, codes });
  });

  test('that are damaged, or hostile, are told of and do no harm', async () => {
    const disk = mbrDisk(root);
    let state = 1;
    const chance = (below: number) => {
      state = (state * 48_271) % 0x7fffffff;
      return state % below;
    };
    const verdicts = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const hostile = Buffer.from(disk);
      // Where tables, inodes and folders are; what is far behind is content.
      for (let count = 0; count < 12; count++) hostile[(round % 2 ? MIB : 0) + chance(MIB)] = chance(256);
      for (let count = 0; count < 3; count++)
        hostile.writeUInt32LE(0xfffffff0 + chance(16), MIB + 1024 + 4 * chance(250));
      const hidden = round % 3 === 0 ? mbrDisk(physicalVolume({ root: hostile.subarray(MIB) })) : hostile;
      if (round % 3 === 0) for (let count = 0; count < 4; count++) hidden[MIB + chance(8192)] = chance(256);
      verdicts.add((await preflight([readerOf(hidden)])).verdict);
    }
    expect(verdicts.size).toBeGreaterThan(1);
  });
});

describe('a file system that mke2fs made', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const large = Buffer.alloc(3_000_000);
  for (let at = 0; at < large.length; at += 4) large.writeUInt32LE(at, at);

  async function content(files: FileSystem, path: string): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    const file = await files.open(path);
    if (file) for await (const chunk of file.chunks()) chunks.push(chunk);
    return file && Buffer.concat(chunks);
  }

  const withPrograms = spawnSync('mke2fs', ['-V']).error ? test.skip : test;
  withPrograms.each([
    ['ext4', ['-t', 'ext4']],
    ['ext4 with large numbers of blocks', ['-t', 'ext4', '-O', '64bit,metadata_csum']],
    ['ext3 with small blocks', ['-t', 'ext3', '-b', '1024']],
    ['ext2 with small inodes', ['-t', 'ext2', '-b', '4096', '-I', '128']],
  ])('%s is read to the last byte', async (_, options) => {
    const write = (path: string, bytes: string | Buffer) => {
      mkdirSync(dirname(join(folder, 'root', path)), { recursive: true });
      writeFileSync(join(folder, 'root', path), bytes);
    };
    write('large', large);
    for (let count = 0; count < 300; count++) write(`many/file-${count}-${'x'.repeat(60)}`, String(count));
    symlinkSync('/many/../large', join(folder, 'root', 'short'));
    symlinkSync(`${'many/../'.repeat(20)}large`, join(folder, 'root', 'long'));
    const image = join(folder, 'image');
    const made = spawnSync('mke2fs', ['-q', ...options, '-d', join(folder, 'root'), image, '16m'], {
      encoding: 'utf8',
    });
    expect(made.stderr).toBe('');
    const files = await openExt4(readerOf(readFileSync(image)));
    for (const path of ['/large', '/short', '/long'])
      if (!(await content(files, path))?.equals(large)) throw new Error(`${path} has other bytes`);
    expect((await files.list('/many')).length).toBe(300);
    expect((await content(files, `/many/file-299-${'x'.repeat(60)}`))?.toString()).toBe('299');
    expect(await files.open('/none')).toBeUndefined();
    expect(await files.open('/large/none')).toBeUndefined();
  });

  test('is looked at in an image of a data folder, and by its source', async () => {
    const disk = mbrDisk(fileSystem(READY));
    const data = await makeDataFolder(folder, [disk]);
    expect(await rehost(['preflight', 'ami-1', '--data', data])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/system: Debian GNU\/Linux 12[\s\S]*\nami-1: ready\n$/),
      stderr: '',
    });
    mkdirSync(join(folder, 'source'));
    writeFileSync(
      join(folder, 'source', 'db1.img'),
      mbrDisk(fileSystem({ ...READY, 'etc/fstab': '/dev/sda1 / ext4\n' })),
    );
    const answer = await rehost(['preflight', 'db1.img', '--source', `images:${join(folder, 'source')}`, '--json']);
    expect(answer.status).toBe(3);
    expect(JSON.parse(answer.stdout)).toMatchObject({
      verdict: 'needs import',
      findings: [{ code: 'FstabByDeviceName' }],
    });
    expect(await rehost(['preflight'])).toMatchObject({ status: 2 });
  });
});
