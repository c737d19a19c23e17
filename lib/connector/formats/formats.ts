import { extname } from 'node:path';
import { UnsupportedDiskError } from '../source.ts';
import type { Layout } from './part.ts';
import { qcow2 } from './qcow2.ts';
import { raw } from './raw.ts';
import { vhd } from './vhd.ts';
import { vhdx } from './vhdx.ts';
import { vmdk } from './vmdk.ts';

/** An image that is known, so that it can be refused by name. */
const refused =
  (what: string): Layout =>
  async ({ path }) => {
    throw new UnsupportedDiskError('UnsupportedDisk', `${path} is ${what}`);
  };

const CHECKPOINT =
  'a checkpoint of a Hyper-V disk; delete the checkpoints in Hyper-V Manager, and export the machine again';

/** The formats by the ending of a file's name, which alone decides: content is checked against it, and never asked what it is. */
const FORMATS: Readonly<Record<string, Layout>> = {
  '.img': raw,
  '.raw': raw,
  '.vmdk': vmdk,
  '.vhd': vhd,
  '.vhdx': vhdx,
  '.qcow2': qcow2,
  '.avhd': refused(CHECKPOINT),
  '.avhdx': refused(CHECKPOINT),
  '.vdi': refused('a VirtualBox image, which is not read; convert it with qemu-img convert -O qcow2'),
  '.qed': refused('a QED image, which is not read; convert it with qemu-img convert -O qcow2'),
};

export const isImageName = (name: string) => Object.hasOwn(FORMATS, extname(name).toLowerCase());

/** The format that the name of an image says it has. */
export const layoutOf = (name: string): Layout => FORMATS[extname(name).toLowerCase()] ?? refused('no disk image');
