import { ByteStream } from './byte-stream.ts';
import type { FileContent } from './file-system.ts';
import { packingOf, unpacked } from './unpack.ts';

/** Names in an initial file system at most. */
const MAX_NAMES = 200_000;
const MAX_NAME = 4_096;
/** Archives one behind, and in, the other: firmware, modules, and the rest. */
const MAX_ARCHIVES = 16;
const HEADER = 110;
/** Padding between archives is looked at in such pieces. */
const PADDING = 512;

/** The paths in an initial file system: cpio archives one behind the other, the last mostly compressed. Throws MissingProgramError. */
export async function* pathsInInitramfs({ chunks }: FileContent): AsyncGenerator<string> {
  const count = { names: 0, archives: 0 };
  yield* pathsIn(new ByteStream(chunks()), count);
}

async function* pathsIn(stream: ByteStream, count: { names: number; archives: number }): AsyncGenerator<string> {
  while (count.archives++ < MAX_ARCHIVES) {
    await skipZeros(stream);
    const start = await stream.peek(6);
    if (/^07070[12]$/.test(start.toString('latin1'))) {
      yield* pathsInArchive(stream, count);
      continue;
    }
    const packing = packingOf(start);
    if (packing) yield* pathsIn(new ByteStream(unpacked(packing, stream.drain())), count);
    return;
  }
}

async function* pathsInArchive(stream: ByteStream, count: { names: number }): AsyncGenerator<string> {
  for (;;) {
    const header = (await stream.take(HEADER)).toString('latin1');
    if (!/^07070[12]/.test(header) || header.length < HEADER) return;
    const field = (position: number) => Number.parseInt(header.slice(6 + position * 8, 14 + position * 8), 16);
    const [size, nameLength] = [field(6), field(11)];
    if (!(nameLength > 0 && nameLength <= MAX_NAME) || !(size >= 0) || ++count.names > MAX_NAMES) return;
    const name = (await stream.take(nameLength)).toString('utf8', 0, nameLength - 1);
    // Names, with the header before them, and contents end at multiples of four.
    await stream.skip(-(HEADER + nameLength) & 3);
    if (name === 'TRAILER!!!') return;
    yield name;
    await stream.skip(size + (-size & 3));
  }
}

async function skipZeros(stream: ByteStream): Promise<void> {
  for (;;) {
    const bytes = await stream.peek(PADDING);
    const end = bytes.findIndex((byte) => byte !== 0);
    await stream.skip(end < 0 ? bytes.length : end);
    if (end >= 0 || bytes.length === 0) return;
  }
}
