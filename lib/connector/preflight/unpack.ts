import { spawn } from 'node:child_process';
import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { MissingProgramError } from '../source.ts';

/** Bytes that come out of an archive at most: the largest initial file systems have a quarter of it. */
const MAX_UNPACKED = 2 ** 31;

interface Packing {
  readonly mark: readonly number[];
  readonly name: string;
  /** Debian's package of the program of that name. */
  readonly packageName: string;
}

/** How initial file systems are compressed, by their first bytes. Source: the kernel's lib/decompress.c. */
const PACKINGS: readonly Packing[] = [
  { mark: [0x1f, 0x8b], name: 'gzip', packageName: 'gzip' },
  { mark: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', packageName: 'zstd' },
  { mark: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', packageName: 'xz-utils' },
  { mark: [0x5d, 0x00, 0x00], name: 'xz', packageName: 'xz-utils' },
  { mark: [0x02, 0x21, 0x4c, 0x18], name: 'lz4', packageName: 'lz4' },
  { mark: [0x04, 0x22, 0x4d, 0x18], name: 'lz4', packageName: 'lz4' },
  { mark: [0x42, 0x5a, 0x68], name: 'bzip2', packageName: 'bzip2' },
];

export const packingOf = (start: Buffer): Packing | undefined =>
  PACKINGS.find(({ mark }) => mark.every((byte, position) => start[position] === byte));

/** Unpacks a stream: gzip and zstd here as far as Node can, the others by their programs. Throws MissingProgramError. */
export async function* unpacked(packing: Packing, packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(packed, { objectMode: false });
  const own = ownDecoder(packing.name);
  let length = 0;
  for await (const chunk of own ? decoded(source, own) : byProgram(source, packing)) {
    length += chunk.length;
    if (length > MAX_UNPACKED) return;
    yield chunk;
  }
}

/** Node has zstd since 22.15. */
function ownDecoder(name: string): Transform | undefined {
  if (name === 'gzip') return zlib.createGunzip();
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  return name === 'zstd' ? createZstdDecompress?.() : undefined;
}

async function* decoded(source: Readable, decoder: Transform): AsyncGenerator<Buffer> {
  source.on('error', (error) => decoder.destroy(error));
  try {
    yield* source.pipe(decoder);
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

/** What a hostile archive may cost a program: a gigabyte, two minutes of the processor, no file. */
const LIMITED = 'ulimit -v 1048576; ulimit -t 120; ulimit -f 0; ulimit -c 0; exec "$@"';
const NOT_FOUND = 127;

async function* byProgram(source: Readable, { name, packageName }: Packing): AsyncGenerator<Buffer> {
  const child = spawn('/bin/sh', ['-c', LIMITED, 'sh', name, '-dc'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  const status = new Promise<number | null>((resolve) => child.once('close', resolve));
  // It may end before it has read all.
  child.stdin.on('error', () => source.destroy());
  source.on('error', () => child.kill('SIGKILL'));
  source.pipe(child.stdin);
  try {
    yield* child.stdout;
    if ((await status) === NOT_FOUND)
      throw new MissingProgramError(
        `it is compressed by ${name}, which is not installed here: install it (Debian package ${packageName})`,
      );
  } finally {
    source.destroy();
    child.kill('SIGKILL');
  }
}
