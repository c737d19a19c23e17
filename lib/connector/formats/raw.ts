import { fileBytes } from '../bytes.ts';
import { UnsupportedDiskError } from '../source.ts';
import { checkedSize, type Layout } from './part.ts';

/** How files of other formats begin. One that bears a raw disk's name would be copied faithfully and never boot. */
const OTHERS: readonly (readonly [format: string, start: string])[] = [
  ['qcow2', 'QFI\xfb'],
  ['vmdk', 'KDMV'],
  ['vmdk', '# Disk DescriptorFile'],
  ['vhdx', 'vhdxfile'],
  ['vhd', 'conectix'],
];

export const raw: Layout = async (file) => {
  const start = (await file.peek(0, 32)).toString('latin1');
  const [other] = OTHERS.find(([, magic]) => start.startsWith(magic)) ?? [];
  if (other)
    throw new UnsupportedDiskError(
      'WrongFormat',
      `${file.path} has the name of a raw image but is a ${other} image; rename it to end with .${other}`,
    );
  return [{ kind: 'own', bytes: fileBytes(file, { offset: 0, size: checkedSize(BigInt(file.size), file) }) }];
};
