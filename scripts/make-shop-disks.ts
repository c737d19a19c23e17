import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatExt4 } from './ext4.ts';

const MIB = 2 ** 20;
const SECTOR = 512;
/** Where the partition begins, as every partitioning tool aligns it. */
const PARTITION = MIB;

interface Disk {
  readonly path: string;
  readonly bytes: number;
  readonly files: Readonly<Record<string, Buffer>>;
}

/** The data centre of the example: a database server with two disks, and two web servers. */
const DISKS: readonly Disk[] = [
  {
    path: 'db1/0-boot.img',
    bytes: 96 * MIB,
    files: system('db1', { 'usr/lib/database/engine.so': noise('engine', 24 * MIB) }),
  },
  {
    path: 'db1/1-data.img',
    bytes: 128 * MIB,
    files: {
      'orders.db': noise('orders', 40 * MIB),
      'customers.db': noise('customers', 12 * MIB),
      'log/archive.log': Buffer.alloc(8 * MIB),
    },
  },
  { path: 'web1/disk.img', bytes: 64 * MIB, files: webServer('web1') },
  { path: 'web2/disk.img', bytes: 64 * MIB, files: webServer('web2') },
];

/** Makes the disks that are not there yet, each whole or not at all: a partition table and an ext4 file system with files, the rest left sparse. */
export async function makeShopDisks(folder: string): Promise<void> {
  for (const disk of DISKS) {
    const path = join(folder, disk.path);
    if (existsSync(path)) continue;
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), `.${disk.path.split('/').at(-1)}.new`);
    const file = await open(temporary, 'w');
    await file.truncate(disk.bytes);
    const uuid = createHash('sha256').update(disk.path).digest().subarray(0, 16);
    const options = {
      size: disk.bytes - PARTITION,
      label: disk.path.split('/')[0]!,
      uuid,
      files: disk.files,
      time: 1_767_225_600,
    };
    await file.write(masterBootRecord(disk.bytes), 0, SECTOR, 0);
    for (const { offset, data } of formatExt4(options)) await file.write(data, 0, data.length, PARTITION + offset);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  }
}

/** One bootable Linux partition that takes the disk. */
function masterBootRecord(bytes: number): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector.write('no boot loader: a disk of the Rehost example', 0, 'latin1');
  sector.writeUInt8(0x80, 446);
  sector.writeUInt8(0x83, 450);
  sector.writeUInt32LE(PARTITION / SECTOR, 454);
  sector.writeUInt32LE((bytes - PARTITION) / SECTOR, 458);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

function webServer(name: string): Record<string, Buffer> {
  const page = `<!doctype html><title>Shop</title><h1>Shop</h1><p>Served by ${name}.</p>\n`;
  return system(name, { 'var/www/index.html': Buffer.from(page), 'var/www/photos.tar': noise('photos', 16 * MIB) });
}

function system(name: string, files: Readonly<Record<string, Buffer>>): Record<string, Buffer> {
  return {
    'etc/hostname': Buffer.from(`${name}\n`),
    'etc/os-release': Buffer.from('NAME="Rehost example"\nID=example\nVERSION_ID=1\n'),
    'etc/fstab': Buffer.from(`LABEL=${name} / ext4 defaults 0 1\n`),
    ...files,
  };
}

/** Bytes that look random and are the same each time. */
function noise(seed: string, bytes: number): Buffer {
  const chunks: Buffer[] = [];
  for (let index = 0; index * 64 < 65_536; index++)
    chunks.push(createHash('sha512').update(`${seed} ${index}`).digest());
  const page = Buffer.concat(chunks);
  const data = Buffer.alloc(bytes);
  for (let offset = 0; offset < bytes; offset += page.length) {
    page.copy(data, offset);
    data.writeUInt32LE(offset, offset);
    data.write(seed, offset + 4, 'latin1');
  }
  return data;
}

if (process.argv[1] === import.meta.filename)
  await makeShopDisks(join(import.meta.dirname, '..', 'examples', 'shop', 'datacenter'));
