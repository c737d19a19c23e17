const SECTOR = 512;
/** Where the first partition begins on every disk of the last fifteen years: 1 MiB, which suits all block sizes below. */
export const FIRST_PARTITION = 2 ** 20;

/** Real-mode code that prints the text behind it and halts: what a machine says that boots from a disk without a system. */
// biome-ignore format: one instruction a line
const BOOT_CODE = [
  0x31, 0xc0,       // xor ax, ax
  0x8e, 0xd8,       // mov ds, ax
  0xbe, 0x16, 0x7c, // mov si, 0x7c16: the text
  0xfc,             // cld
  0xac,             // next: lodsb
  0x84, 0xc0,       // test al, al
  0x74, 0x06,       // jz halt
  0xb4, 0x0e,       // mov ah, 0x0e
  0xcd, 0x10,       // int 0x10
  0xeb, 0xf5,       // jmp next
  0xf4,             // halt: hlt
  0xeb, 0xfd,       // jmp halt
];

/** Of the boot code, with its text. */
const CODE_SIZE = 440;
const LINUX = 0x83;

/** A master boot record with one Linux partition, from FIRST_PARTITION to the end of the disk. */
export function masterBootRecord(
  diskBytes: number,
  { text, signature, isActive }: { text: string; signature: number; isActive: boolean },
): Buffer {
  const record = Buffer.alloc(SECTOR);
  Buffer.from([...BOOT_CODE, ...Buffer.from(`${text}\r\n\0`, 'latin1')]).copy(record, 0, 0, CODE_SIZE);
  record.writeUInt32LE(signature, CODE_SIZE);
  const entry = 446;
  record.writeUInt8(isActive ? 0x80 : 0, entry);
  // Cylinder, head and sector cannot express the place; these are the values that say so.
  record.set([0xfe, 0xff, 0xff], entry + 1);
  record.writeUInt8(LINUX, entry + 4);
  record.set([0xfe, 0xff, 0xff], entry + 5);
  record.writeUInt32LE(FIRST_PARTITION / SECTOR, entry + 8);
  record.writeUInt32LE((diskBytes - FIRST_PARTITION) / SECTOR, entry + 12);
  record.writeUInt16LE(0xaa55, 510);
  return record;
}
