import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BLOCK_SIZE, type SnapshotId } from '../../lib/snapshots.ts';
import { bytesOf, type DataCentre, openDataCentre } from '../replication/data-centre.ts';
import { missingQemu, qemuImg, qemuIo } from '../support/qemu.ts';

/** 20 blocks and a part of another. */
const SIZE = 20 * BLOCK_SIZE + 3 * 512;
/** Blocks with data, the last one among them. */
const FILLED = [0, 1, 7, 12, 20];

interface Format {
  readonly name: string;
  readonly file: string;
  /** In qemu's words. */
  readonly format: string;
  readonly options?: string;
  /** Made anew for a change: it cannot be written to. */
  readonly readOnly?: true;
}

const FORMATS: readonly Format[] = [
  { name: 'raw', file: 'disk.img', format: 'raw' },
  { name: 'qcow2', file: 'disk.qcow2', format: 'qcow2' },
  { name: 'qcow2, version 2', file: 'disk.qcow2', format: 'qcow2', options: 'compat=0.10' },
  { name: 'qcow2 with extended L2 entries', file: 'disk.qcow2', format: 'qcow2', options: 'extended_l2=on' },
  { name: 'VMDK, sparse', file: 'disk.vmdk', format: 'vmdk' },
  { name: 'VMDK, flat', file: 'disk.vmdk', format: 'vmdk', options: 'subformat=monolithicFlat' },
  { name: 'VMDK, extents, sparse', file: 'disk.vmdk', format: 'vmdk', options: 'subformat=twoGbMaxExtentSparse' },
  { name: 'VMDK, extents, flat', file: 'disk.vmdk', format: 'vmdk', options: 'subformat=twoGbMaxExtentFlat' },
  {
    name: 'VMDK, streamOptimized',
    file: 'disk.vmdk',
    format: 'vmdk',
    options: 'subformat=streamOptimized',
    readOnly: true,
  },
  { name: 'VHD, dynamic', file: 'disk.vhd', format: 'vpc', options: 'force_size=on' },
  { name: 'VHD, fixed', file: 'disk.vhd', format: 'vpc', options: 'subformat=fixed,force_size=on' },
  { name: 'VHDX, dynamic', file: 'disk.vhdx', format: 'vhdx', options: 'block_size=1M' },
  { name: 'VHDX, fixed', file: 'disk.vhdx', format: 'vhdx', options: 'subformat=fixed' },
];

/** Those that tell where zeros are each in a way of its own. */
const ZEROS = FORMATS.filter(({ name }) => ['qcow2', 'VMDK, sparse', 'VHD, dynamic', 'VHDX, dynamic'].includes(name));

let centre: DataCentre;
let truth: string;
beforeEach(async () => {
  centre = await openDataCentre();
  truth = join(centre.folder, 'truth');
  const bytes = Buffer.alloc(SIZE);
  for (const block of FILLED) bytes.subarray(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE).fill(`block ${block} `);
  writeFileSync(truth, bytes);
});
afterEach(() => centre.close());

const convert = ({ file, format, options }: Format, from = truth) =>
  qemuImg(...['convert', '-f', 'raw', '-O', format, ...(options ? ['-o', options] : []), from, centre.path(file)]);

/** Writes the same into the disk and into the raw file that it is compared with. */
function change(format: Format, commands: readonly string[]) {
  qemuIo(truth, 'raw', commands);
  if (!format.readOnly) return qemuIo(centre.path(format.file), format.format, commands);
  rmSync(centre.path(format.file));
  return convert(format);
}

async function demandTruth(id: SnapshotId) {
  const expected = readFileSync(truth);
  if (!(await bytesOf(centre.snapshots, id, expected.length)).equals(expected))
    throw new Error(`snapshot ${id} differs from what was written into the disk`);
}

async function copied(run: string) {
  const { disks, full } = await centre.transfer(run);
  await demandTruth(disks[0]!.snapshotId);
  return { blocks: disks[0]!.blocksCopied, bytes: disks[0]!.bytes, full };
}

if (missingQemu) test.skip(`formats: skipped, since ${missingQemu}`, () => {});
else
  describe('copies every byte, fully and by increments', () => {
    test.each(FORMATS)('$name', async (format) => {
      convert(format);
      expect(await copied('run-1')).toEqual({ blocks: FILLED.length, bytes: SIZE, full: true });
      expect(await copied('run-2')).toEqual({ blocks: 0, bytes: SIZE, full: false });
      // Data becomes zero, zeros become data, a few bytes of a block change, and of the last one, which is not whole.
      change(format, [
        'write -z 3584k 512k',
        'write -P 5 2048k 512k',
        'write -P 6 513k 1k',
        `write -P 7 ${SIZE - 512} 512`,
      ]);
      expect(await copied('run-3')).toEqual({ blocks: 4, bytes: SIZE, full: false });
      change(format, [`write -P 0 ${20 * BLOCK_SIZE} ${SIZE - 20 * BLOCK_SIZE}`]);
      expect(await copied('run-4')).toEqual({ blocks: 1, bytes: SIZE, full: false });
    });

    test.each(ZEROS)('$name, of zeros only', async (format) => {
      writeFileSync(truth, Buffer.alloc(SIZE));
      convert(format);
      expect(await copied('run-1')).toEqual({ blocks: 0, bytes: SIZE, full: true });
    });
  });

if (!missingQemu)
  describe('disks that change their size', () => {
    const QCOW2 = FORMATS[1]!;

    test.each(FORMATS.filter(({ name }) => ['raw', 'qcow2'].includes(name)))(
      '$name: an increment goes on when the disk grows, and fails by name when it shrinks',
      async (format) => {
        convert(format);
        await copied('run-1');
        qemuImg('resize', '-q', '-f', 'raw', truth, String(SIZE + 5 * BLOCK_SIZE));
        qemuImg('resize', '-q', '-f', format.format, centre.path(format.file), String(SIZE + 5 * BLOCK_SIZE));
        change(format, [`write -P 9 ${SIZE + 4 * BLOCK_SIZE} 512k`]);
        expect(await copied('run-2')).toEqual({ blocks: 2, bytes: SIZE + 5 * BLOCK_SIZE, full: false });
        qemuImg('resize', '-q', '-f', format.format, '--shrink', centre.path(format.file), String(SIZE));
        await expect(centre.transfer('run-3')).rejects.toMatchObject({ name: 'DiskShrunkError' });
      },
    );

    test('takes disks of several formats that appear and vanish', async () => {
      for (const [position, { file, ...format }] of FORMATS.slice(0, 5).entries())
        convert({ ...format, file: `${position}-${file}` });
      const first = await centre.transfer('run-1');
      expect(first.disks.map(({ key }) => key)).toEqual([
        '0-disk.img',
        '1-disk.qcow2',
        '2-disk.qcow2',
        '3-disk.qcow2',
        '4-disk.vmdk',
      ]);
      for (const { snapshotId } of first.disks) await demandTruth(snapshotId);
      rmSync(centre.path('1-disk.qcow2'));
      convert({ ...QCOW2, file: '5-disk.qcow2' });
      const second = await centre.transfer('run-2');
      expect(second.disks.map(({ key, blocksCopied }) => [key, blocksCopied])).toEqual([
        ['0-disk.img', 0],
        ['2-disk.qcow2', 0],
        ['3-disk.qcow2', 0],
        ['4-disk.vmdk', 0],
        ['5-disk.qcow2', FILLED.length],
      ]);
    });

    test('an empty disk of qcow2', async () => {
      qemuImg('create', '-q', '-f', 'qcow2', centre.path('disk.qcow2'), '0');
      expect((await centre.transfer('run-1')).disks).toMatchObject([{ blocksTotal: 0, blocksCopied: 0, sizeGiB: 1 }]);
    });

    test('a copy that is written while it is copied fails by name', async () => {
      convert(QCOW2);
      let written = false;
      const onProgress = ({ stage }: { stage: string }) => {
        if (stage !== 'Uploading' || written) return;
        written = true;
        copyFileSync(truth, centre.path('disk.qcow2'));
      };
      await expect(centre.transfer('run-1', { onProgress })).rejects.toMatchObject({ name: 'DiskChangedError' });
    });
  });
