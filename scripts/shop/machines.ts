import type { Entry } from '../ext4/tree.ts';
import { noise, shopDatabase, uuid } from './content.ts';

const MIB = 2 ** 20;

export interface ShopDisk {
  /** Path below the data centre's folder: the machine, and the disk's file. */
  readonly path: string;
  readonly bytes: number;
  /** Of the file system. */
  readonly label: string;
  /** The machine boots from it. */
  readonly isSystem: boolean;
  files(): Entry[];
}

/** The shop's three machines: a database with a disk of its own for the data, and two web servers. */
export const SHOP_DISKS: readonly ShopDisk[] = [
  system('db1', 128 * MIB, () => [
    { path: 'etc/fstab', content: `${fstabLine('db1', '/')}${fstabLine('db1-data', '/srv/data')}` },
    { path: 'etc/shop/database.conf', content: 'file = /srv/data/shop.db\nlisten = 0.0.0.0:5432\n' },
    { path: 'srv/data/.keep', content: '' },
  ]),
  {
    path: 'db1/disk1-data.img',
    bytes: 192 * MIB,
    label: 'db1-data',
    isSystem: false,
    files: () => [
      { path: 'shop.db', mode: 0o600, content: shopDatabase() },
      { path: 'archive/2025.bin', mode: 0o600, content: noise('archive of 2025', 24 * MIB) },
    ],
  },
  system('web1', 96 * MIB, () => webFiles('web1')),
  system('web2', 96 * MIB, () => webFiles('web2')),
];

function system(name: string, bytes: number, files: () => Entry[]): ShopDisk {
  return {
    path: `${name}/disk0-system.img`,
    bytes,
    label: name,
    isSystem: true,
    files: () => [...baseFiles(name), ...files()],
  };
}

/** What every machine of the shop has. The programs are noise of a program's size: the example is about disks, and nothing boots. */
const baseFiles = (name: string): Entry[] => [
  { path: 'etc/hostname', content: `${name}\n` },
  { path: 'etc/hosts', content: `127.0.0.1\tlocalhost\n127.0.1.1\t${name}\n` },
  { path: 'etc/machine-id', content: `${uuid(name).replaceAll('-', '')}\n` },
  {
    path: 'usr/lib/os-release',
    content: 'NAME="Shop Linux"\nID=shop\nVERSION_ID="1"\nPRETTY_NAME="Shop Linux 1 (example)"\n',
  },
  { path: 'etc/os-release', link: '../usr/lib/os-release' },
  { path: 'boot/vmlinuz', mode: 0o600, content: noise('kernel', 7 * MIB) },
  { path: 'boot/initrd.img', mode: 0o600, content: noise('initrd', 9 * MIB) },
  { path: 'usr/bin/shop', mode: 0o755, content: noise('program', 3 * MIB) },
  {
    path: 'var/log/boot.log',
    content: Array.from({ length: 400 }, (_, line) => `[${line}.0] ${name} started service ${line}\n`).join(''),
  },
];

const webFiles = (name: string): Entry[] => [
  { path: 'etc/fstab', content: fstabLine(name, '/') },
  { path: 'etc/shop/web.conf', content: 'database = db1:5432\nroot = /var/www/html\n' },
  {
    path: 'var/www/html/index.html',
    content: `<!doctype html>\n<html lang="en">\n<title>Shop</title>\n<h1>Tea things</h1>\n<p>Served by ${name}.</p>\n</html>\n`,
  },
  ...Array.from({ length: 24 }, (_, picture) => ({
    path: `var/www/html/pictures/${String(picture).padStart(2, '0')}.bin`,
    content: noise(`picture ${picture}`, MIB / 4),
  })),
];

const fstabLine = (label: string, mountPoint: string) => `UUID=${uuid(label)}\t${mountPoint}\text4\tdefaults\t0\t1\n`;
