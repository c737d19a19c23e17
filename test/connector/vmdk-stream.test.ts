import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readVmdkStream } from '../../lib/connector/formats/vmdk-stream.ts';

const SECTOR = 512;
const GRAIN = 65536;
const SIZE = 3 * GRAIN + 1000 * SECTOR;

interface Change {
  readonly header?: (header: Buffer) => void;
  readonly grains?: readonly [sector: number, data: Buffer][];
  readonly hasFooter?: boolean;
  readonly hasEnd?: boolean;
}

const padded = (data: Buffer) => Buffer.concat([data], Math.ceil(data.length / SECTOR) * SECTOR);

function header(directory: bigint): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write('KDMV');
  bytes.writeUInt32LE(3, 4);
  bytes.writeUInt32LE(0x30001, 8);
  bytes.writeBigUInt64LE(BigInt(SIZE / SECTOR), 12);
  bytes.writeBigUInt64LE(BigInt(GRAIN / SECTOR), 20);
  bytes.writeUInt32LE(512, 44);
  bytes.writeBigUInt64LE(directory, 56);
  bytes.writeBigUInt64LE(2n, 64);
  return bytes;
}

function metadata(kind: number, data: Buffer): Buffer {
  const marker = Buffer.alloc(SECTOR);
  marker.writeBigUInt64LE(BigInt(Math.ceil(data.length / SECTOR)), 0);
  marker.writeUInt32LE(kind, 12);
  return Buffer.concat([marker, padded(data)]);
}

function grain(sector: number, data: Buffer): Buffer {
  const start = Buffer.alloc(12);
  start.writeBigUInt64LE(BigInt(sector), 0);
  start.writeUInt32LE(data.length, 8);
  return padded(Buffer.concat([start, data]));
}

const FIRST = randomBytes(GRAIN);
const LAST = Buffer.concat([randomBytes(SIZE % GRAIN)], GRAIN);
const LAST_AT = Math.floor(SIZE / GRAIN) * GRAIN;
const GRAINS: readonly [number, Buffer][] = [
  [GRAIN / SECTOR, deflateSync(FIRST)],
  [LAST_AT / SECTOR, deflateSync(LAST)],
];

function stream({ header: change, grains = GRAINS, hasFooter = true, hasEnd = true }: Change = {}): Buffer {
  const start = header(0xffff_ffff_ffff_ffffn);
  change?.(start);
  return Buffer.concat([
    start,
    Buffer.alloc(SECTOR),
    ...grains.map(([sector, data]) => grain(sector, data)),
    metadata(1, Buffer.alloc(2048)),
    metadata(2, Buffer.alloc(4)),
    ...(hasFooter ? [metadata(3, header(9n))] : []),
    ...(hasEnd ? [Buffer.alloc(SECTOR)] : []),
  ]);
}

/** In pieces of that size: the network cuts anywhere. */
async function* pieces(bytes: Buffer, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(bytes: Buffer, piece = bytes.length) {
  const disk = Buffer.alloc(SIZE);
  for await (const { offset, data } of readVmdkStream(pieces(bytes, piece), SIZE)) data.copy(disk, offset);
  return disk;
}

test.each([[1], [511], [512], [4096], [2 ** 24]])(
  'a streamOptimized VMDK is read in pieces of %i bytes',
  async (piece) => {
    const expected = Buffer.alloc(SIZE);
    FIRST.copy(expected, GRAIN);
    LAST.copy(expected, LAST_AT);
    expect((await read(stream(), piece)).equals(expected)).toBe(true);
  },
);

test('one that ends early, wherever, fails', async () => {
  const whole = stream();
  for (let length = 0; length < whole.length; length += 300)
    await expect(read(whole.subarray(0, length))).rejects.toMatchObject({ name: 'VmdkStreamError' });
});

test.each<[string, Change, string]>([
  ['another magic', { header: (bytes) => void bytes.write('COWD') }, 'does not begin as a streamOptimized VMDK'],
  ['no compression', { header: (bytes) => void bytes.writeUInt32LE(1, 8) }, 'does not begin as a streamOptimized VMDK'],
  [
    'huge grains',
    { header: (bytes) => void bytes.writeBigUInt64LE(2n ** 40n, 20) },
    'does not begin as a streamOptimized VMDK',
  ],
  [
    'huge overhead',
    { header: (bytes) => void bytes.writeBigUInt64LE(2n ** 50n, 64) },
    'does not begin as a streamOptimized VMDK',
  ],
  [
    'another disk',
    { header: (bytes) => void bytes.writeBigUInt64LE(8n, 12) },
    `it is of a disk of 4096 bytes, and should be of one of ${SIZE}`,
  ],
  ['grains that go back', { grains: [...GRAINS].reverse() }, 'is out of place'],
  ['a grain twice', { grains: [GRAINS[0]!, GRAINS[0]!] }, 'is out of place'],
  ['a grain behind the end', { grains: [[(LAST_AT + GRAIN) / SECTOR, GRAINS[0]![1]]] }, 'is out of place'],
  ['a grain between two', { grains: [[1, GRAINS[0]![1]]] }, 'is out of place'],
  ['a long grain', { grains: [[0, randomBytes(2 * GRAIN + 1)]] }, 'is out of place'],
  ['noise in a grain', { grains: [[0, randomBytes(1000)]] }, 'the grain of 0 cannot be decompressed'],
  ['a short grain', { grains: [[0, deflateSync(Buffer.alloc(100))]] }, 'it has 100 bytes of 65536'],
  ['a bomb', { grains: [[0, deflateSync(Buffer.alloc(2 ** 26))]] }, 'the grain of 0 cannot be decompressed'],
  ['no footer', { hasFooter: false }, 'the footer is missing'],
  ['no end', { hasEnd: false }, 'it ends before its end marker'],
])('fails for %s', async (_, change, message) => {
  await expect(read(stream(change))).rejects.toMatchObject({
    name: 'VmdkStreamError',
    message: expect.stringContaining(message),
  });
});
