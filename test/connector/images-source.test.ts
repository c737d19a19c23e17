import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { checkSourceSpec, openSource } from '../../lib/connector/open-source.ts';
import type { Point } from '../../lib/connector/source.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'rehost-')), 'datacenter');
  mkdirSync(folder);
});
afterEach(() => rmSync(dirname(folder), { recursive: true }));

function write(path: string, content: string | Buffer = 'data') {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

async function inventory() {
  const servers: object[] = [];
  for await (const server of imagesSource(folder).inventory()) servers.push(server);
  return servers;
}

async function freeze(server: string): Promise<Point> {
  const [point] = await imagesSource(folder).freeze([server], { quiesce: 'no', name: 'test' });
  return point!;
}

describe('the inventory', () => {
  test('has a server for each folder with disk images, and for each image beside them', async () => {
    write('web1/disk0.img');
    write('db1/disk0.img');
    write('router.img');
    write('old/disk.vmdk');
    write('notes/readme.txt');
    write('.hidden/disk.img');
    write('readme.txt');
    mkdirSync(join(folder, 'empty'));
    expect(await inventory()).toEqual([
      { vmId: 'db1', vmName: 'db1', vmPath: '/datacenter/vm/db1' },
      { vmId: 'old', vmName: 'old', vmPath: '/datacenter/vm/old' },
      { vmId: 'router.img', vmName: 'router', vmPath: '/datacenter/vm/router' },
      { vmId: 'web1', vmName: 'web1', vmPath: '/datacenter/vm/web1' },
    ]);
  });

  test('tells a folder from an image of the same name, and follows links that lead somewhere', async () => {
    write('db1/disk.img');
    write('db1.img');
    symlinkSync(join(folder, 'db1'), join(folder, 'link'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.img'));
    expect(await inventory()).toMatchObject([{ vmId: 'db1' }, { vmId: 'db1.img' }, { vmId: 'link' }]);
  });

  test('takes a VMDK and its parts as one disk', async () => {
    const descriptor = '# Disk DescriptorFile\nRW 1 FLAT "data.vmdk" 0\n';
    write('esx/disk.vmdk', descriptor);
    write('esx/data.vmdk', 'x'.repeat(512));
    write('esx/disk-ctk.vmdk');
    write('lone.vmdk', descriptor.replace('data', 'lone-flat'));
    write('lone-flat.vmdk', 'x'.repeat(512));
    expect(await inventory()).toMatchObject([{ vmId: 'esx' }, { vmId: 'lone.vmdk', vmName: 'lone' }]);
    const point = await freeze('esx');
    expect((await point.disks()).map(({ key, size }) => [key, size])).toEqual([['disk.vmdk', 512]]);
    await point.close();
  });

  test('takes a machine as Hyper-V exports it, under the manager type HYPERV-MANAGER', async () => {
    write('App01/Virtual Machines/8D3A.vmcx');
    write('App01/Virtual Hard Disks/App01.img', 'boot');
    write('App01/Virtual Hard Disks/Data.img', 'data');
    const source = await openSource(`hyperv:${folder}`);
    expect(source.manager).toMatchObject({ name: 'datacenter', type: 'HYPERV-MANAGER' });
    expect(await inventory()).toMatchObject([{ vmId: 'App01', vmName: 'App01' }]);
    const [point] = await source.freeze(['App01'], { quiesce: 'no', name: 'test' });
    const keys = (await point!.disks()).map(({ key }) => key);
    expect(keys).toEqual(['Virtual Hard Disks/App01.img', 'Virtual Hard Disks/Data.img']);
    await point!.close();
    write('App01/Virtual Hard Disks/App01_8D3A.avhdx');
    expect(await source.check('App01')).toMatchObject([
      { code: 'UnsupportedDisk', message: expect.stringContaining('delete the checkpoints in Hyper-V Manager') },
    ]);
  });

  test('names its manager by a UUID that stays', () => {
    const { manager } = imagesSource(folder);
    expect(manager).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
      name: 'datacenter',
      type: 'VSPHERE',
    });
    expect(imagesSource(`${folder}/`).manager).toEqual(manager);
    expect(imagesSource(dirname(folder)).manager.id).not.toBe(manager.id);
  });
});

describe('a check', () => {
  test('finds nothing wrong with raw images', async () => {
    write('db1/disk.img');
    expect(await imagesSource(folder).check('db1')).toEqual([]);
  });

  test.each([
    ['disk.img', 'KDMV\x01', 'vmdk'],
    ['disk.IMG', 'vhdxfile', 'vhdx'],
    ['disk.raw', 'QFI\xfb', 'qcow2'],
  ])('names %s that begins with %j', async (name, content, format) => {
    writeFileSync(join(mkdirSync(join(folder, 'db1'), { recursive: true })!, name), content, 'latin1');
    const message = `${folder}/db1/${name} has the name of a raw image but is a ${format} image; rename it to end with .${format}`;
    expect(await imagesSource(folder).check('db1')).toEqual([{ code: 'WrongFormat', message }]);
    await expect(freeze('db1')).rejects.toMatchObject({
      name: 'UnsupportedDiskError',
      message: `server db1: ${message}`,
    });
  });

  test('names more disks than can be migrated', async () => {
    for (let disk = 0; disk < 23; disk++) write(`db1/disk${disk}.img`);
    expect(await imagesSource(folder).check('db1')).toEqual([
      { code: 'TooManyDisks', message: 'it has 23 disks, and at most 22 can be migrated; move some to another server' },
    ]);
  });

  test('names every problem of every disk', async () => {
    write('db1/a.img', 'KDMV');
    write('db1/b.vdi');
    write('db1/c.img');
    expect((await imagesSource(folder).check('db1')).map(({ code }) => code)).toEqual([
      'WrongFormat',
      'UnsupportedDisk',
    ]);
  });

  test('names a boot disk with an MBR that is too large, partitions in sectors of 4096 bytes', async () => {
    const mbr = Buffer.alloc(512);
    mbr[450] = 0x83;
    mbr.writeUInt16LE(0xaa55, 510);
    write('db1/a.img', mbr);
    write('db1/b.img', mbr);
    write('db1/c.img', Buffer.concat([Buffer.alloc(4096), Buffer.from('EFI PART'), Buffer.alloc(4096)]));
    for (const disk of ['a', 'b']) truncateSync(join(folder, `db1/${disk}.img`), 2 ** 41 + 512);
    truncateSync(join(folder, 'db1/c.img'), 2 ** 43);
    const codes = async () => (await imagesSource(folder).check('db1')).map(({ code, message }) => [code, message]);
    expect(await codes()).toEqual([
      ['BootDiskTooLarge', expect.stringContaining('disk a.img has 2199023256064 bytes and an MBR')],
      ['SectorSize', expect.stringContaining('disk c.img is partitioned in sectors of 4096 bytes')],
    ]);
  });

  test.each(['nobody', '..', '', 'db1/disk.img', '.'])('fails for %j, which is no server', async (id) => {
    write('db1/disk.img');
    await expect(imagesSource(folder).check(id)).rejects.toMatchObject({
      name: 'ServerNotFoundError',
      message: `no server ${id} in ${folder}; import the server catalog to see which there are`,
    });
  });
});

describe('a point', () => {
  test('has the disks in the order of their names', async () => {
    for (const name of ['b.img', 'a.img', 'c.img', 'notes.txt']) write(`db1/${name}`, name);
    const point = await freeze('db1');
    const disks = await point.disks();
    expect(disks.map(({ key, size }) => [key, size])).toEqual([
      ['a.img', 5],
      ['b.img', 5],
      ['c.img', 5],
    ]);
    const into = Buffer.alloc(3);
    await disks[1]!.read(2, into);
    expect(into.toString()).toBe('img');
    await point.release();
  });

  test('can be reopened as long as the files are as they were', async () => {
    write('db1/disk.img');
    const source = imagesSource(folder);
    const point = await freeze('db1');
    await point.close();
    const again = await source.reopen(point.ref);
    expect(again?.ref).toBe(point.ref);
    await again?.close();
    write('db1/disk.img', 'other');
    expect(await source.reopen(point.ref)).toBeUndefined();
    rmSync(join(folder, 'db1'), { recursive: true });
    expect(await source.reopen(point.ref)).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ['written', () => write('db1/disk.img', 'evil')],
    [
      'written by one that puts the time back',
      () => utimesSync(join(folder, 'db1/disk.img'), new Date(0), new Date(0)),
    ],
    ['made longer', () => write('db1/disk.img', 'longer than before')],
  ])('is no longer what it was when a disk is %s', async (_, change) => {
    write('db1/disk.img');
    const point = await freeze('db1');
    await point.verify();
    change();
    await expect(point.verify()).rejects.toMatchObject({
      name: 'DiskChangedError',
      message:
        'disk disk.img of db1 was written while it was copied; stop what writes it, or put a copy of it there, and run again',
    });
    await point.release();
  });

  test('stays what it was when the file is replaced by another: it is open', async () => {
    write('db1/disk.img', 'first');
    const point = await freeze('db1');
    write('other', 'other');
    renameSync(join(folder, 'other'), join(folder, 'db1/disk.img'));
    const into = Buffer.alloc(5);
    await (await point.disks())[0]!.read(0, into);
    expect(into.toString()).toBe('first');
    await point.release();
  });

  test('fails to read a disk that became shorter', async () => {
    write('db1/disk.img', 'first');
    const point = await freeze('db1');
    write('db1/disk.img', '');
    await expect((await point.disks())[0]!.read(0, Buffer.alloc(5))).rejects.toMatchObject({
      name: 'DiskChangedError',
    });
    await point.release();
  });
});

describe('openSource', () => {
  test('opens images:FOLDER', async () => {
    expect((await openSource(`images:${folder}`)).manager.name).toBe('datacenter');
  });

  test.each([
    ['images', 'source "images": write KIND:PLACE, for example images:/srv/disks; kinds: images, '],
    ['images:', 'source "images:": write KIND:PLACE, for example images:/srv/disks; kinds: images, '],
    ['cloud:host', 'source "cloud:host": unknown kind "cloud"; kinds: images, '],
    ['https://me:secret@vc/', 'source "https://…@vc/": unknown kind "https"; kinds: images, '],
    ['toString:x', 'source "toString:x": unknown kind "toString"; kinds: images, '],
    ['qemu:/nowhere', 'source qemu:/nowhere: there is no folder /nowhere, and no socket; give the folder'],
    ['qemu:/tmp,scratch=/nowhere', 'there is no folder /nowhere; make it, or give another'],
    ['nbd:/nowhere', 'source nbd:/nowhere: there is no such file; write one'],
    ['images:/nowhere', 'source images:/nowhere: there is no such folder; make it, or give another'],
  ])('fails for %s', async (spec, message) => {
    const failure = { name: 'SourceSpecError', message: expect.stringContaining(message) };
    expect(() => checkSourceSpec(spec)).toThrow(expect.objectContaining(failure));
    await expect(openSource(spec)).rejects.toMatchObject(failure);
  });

  test('fails for a file', () => {
    write('disk.img');
    expect(() => checkSourceSpec(`images:${folder}/disk.img`)).toThrow('this is a file; give the folder that holds it');
  });
});
