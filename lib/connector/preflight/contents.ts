import { EXT_MAGIC, EXT_MAGIC_AT, openExt4 } from './ext4.ts';
import { openFat } from './fat.ts';
import { type FileSystem, type Reader, UnreadableFileSystemError } from './file-system.ts';

/** What is in a partition. */
export type Content =
  | { readonly kind: 'files'; readonly files: FileSystem }
  /** Something that is known by its mark and not looked into. */
  | { readonly kind: 'closed'; readonly name: ClosedName; readonly why?: string }
  | { readonly kind: 'swap' | 'unknown' };

export type ClosedName = 'xfs' | 'btrfs' | 'LVM' | 'LUKS' | 'NTFS' | 'BitLocker' | 'ext4' | 'RAID' | 'ZFS';

/** Bytes from the start in which all marks are. */
const SPAN = 0x10060;

const MARKS: readonly (readonly [at: number, mark: string, name: ClosedName | 'swap' | 'fat'])[] = [
  [0, 'LUKS\xba\xbe', 'LUKS'],
  [0, 'XFSB', 'xfs'],
  [3, '-FVE-FS-', 'BitLocker'],
  [3, 'NTFS    ', 'NTFS'],
  [512, 'LABELONE', 'LVM'],
  [82, 'FAT32   ', 'fat'],
  [54, 'FAT16   ', 'fat'],
  [4096, '\xfc\x4e\x2b\xa9', 'RAID'],
  [4086, 'SWAPSPACE2', 'swap'],
  [0x10040, '_BHRfS_M', 'btrfs'],
];

/** Looks at the marks of a partition, and opens what can be read. */
export async function contentOf(reader: Reader): Promise<Content> {
  const start = Buffer.alloc(SPAN);
  await reader.read(0, start.subarray(0, Math.min(SPAN, reader.size)));
  const name = MARKS.find(([at, mark]) => start.toString('latin1', at, at + mark.length) === mark)?.[2];
  if (name === 'swap') return { kind: 'swap' };
  try {
    if (name === 'fat') return { kind: 'files', files: await openFat(reader) };
    if (name) return { kind: 'closed', name };
    if (start.readUInt16LE(EXT_MAGIC_AT) !== EXT_MAGIC) return { kind: 'unknown' };
    return { kind: 'files', files: await openExt4(reader) };
  } catch (error) {
    if (!(error instanceof UnreadableFileSystemError)) throw error;
    return { kind: 'closed', name: 'ext4', why: error.message };
  }
}
