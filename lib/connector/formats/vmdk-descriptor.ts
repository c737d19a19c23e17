import type { ImageFile } from '../image-files.ts';
import { backed, damaged } from './part.ts';

export interface VmdkExtent {
  readonly access: string;
  /** Of 512 bytes. */
  readonly sectors: number;
  readonly type: string;
  readonly name?: string;
  /** Sectors in the file before the extent's first. */
  readonly offset: number;
}

/** Bytes of a descriptor at most: VMware's have one or two KiB, one with a thousand extents a hundred. */
export const MAX_DESCRIPTOR = 2 ** 20;
export const DESCRIPTOR_START = '# Disk DescriptorFile';

const EXTENT = /^\s*(RW|RDONLY|NOACCESS)\s+(\d+)\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s+(\d+))?)?/;
/** `parentCID` of a disk that has no parent. Source: VMware Virtual Disk Format 1.1. */
const NO_PARENT = /^f{8}$/i;

/** The extents that a descriptor names. Throws UnsupportedDiskError when the disk has a parent. */
export function readDescriptor(text: string, file: ImageFile): VmdkExtent[] {
  const parent = /^\s*parentCID\s*=\s*"?(\w+)/im.exec(text)?.[1];
  if ((parent !== undefined && !NO_PARENT.test(parent)) || /^\s*parentFileNameHint\s*=/im.test(text))
    throw backed(file, 'consolidate the snapshots of its virtual machine, or clone the disk with vmkfstools -i');
  return extentsIn(text, file);
}

function extentsIn(text: string, file: ImageFile): VmdkExtent[] {
  return text.split('\n').flatMap((line) => {
    const [, access, sectors, type, name, offset] = EXTENT.exec(line) ?? [];
    if (!access) return [];
    if (!Number.isSafeInteger(Number(sectors) * 512)) throw damaged(file, `has an extent of ${sectors} sectors`);
    return [
      {
        access,
        sectors: Number(sectors),
        type: type!,
        offset: Number(offset ?? 0),
        ...(name === undefined ? {} : { name }),
      },
    ];
  });
}

/** Names of the files that a descriptor takes up, for a listing: nothing is checked. */
export const namesInDescriptor = (text: string): string[] =>
  text.split('\n').flatMap((line) => EXTENT.exec(line)?.[4] ?? []);
