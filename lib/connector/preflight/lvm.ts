import { bytesAt, type Reader, UnreadableFileSystemError } from './file-system.ts';
import { readMetadata, type Section, sectionsOf } from './lvm-metadata.ts';

/**
 * Reads the logical volumes of a volume group that is one physical volume, each of pieces one behind the other: what installers make. Source: lvm2's
 * lib/format_text/layout.h, and its documentation of on-disk formats.
 */

const LABEL_AT = 512;
const SECTOR = 512;
const METADATA_MAGIC = ' LVM2 x[5A%r0N*>';
/** Bytes of metadata at most: a group of thousands of volumes has one of them. */
const MAX_METADATA = 2 ** 20;
const MAX_PIECES = 1_000;
/** Areas of data and of metadata that a physical volume names at most. */
const MAX_AREAS = 8;

export interface LogicalVolume {
  readonly name: string;
  readonly reader: Reader;
}

interface Piece {
  /** Bytes: in the volume, and in the physical volume. */
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

/** Throws UnreadableFileSystemError for groups of other kinds. */
export async function logicalVolumes(reader: Reader): Promise<LogicalVolume[]> {
  const [group] = sectionsOf(readMetadata(await metadataText(reader)));
  if (!group) throw new UnreadableFileSystemError('LVM’s metadata holds no volume group');
  const physical = sectionsOf(group[1].physical_volumes);
  if (physical.length !== 1)
    throw new UnreadableFileSystemError(
      `volume group ${group[0]} is on ${physical.length} disks, and only groups on one are read`,
    );
  const extent = Number(group[1].extent_size) * SECTOR;
  const start = Number(physical[0]![1].pe_start) * SECTOR;
  return sectionsOf(group[1].logical_volumes)
    .filter(([, volume]) => sectionsOf(volume).every(([, one]) => isPlain(one)))
    .map(([name, volume]) => ({ name, reader: joined(reader, piecesOf(volume, { extent, start })) }));
}

/** Not a mirror, a snapshot, thin, or striped. */
const isPlain = ({ type, stripe_count }: Section) => type === 'striped' && stripe_count === 1;

async function metadataText(reader: Reader): Promise<string> {
  const label = await bytesAt(reader, LABEL_AT, SECTOR);
  const header = label.readUInt32LE(20);
  // An identifier, a size; then pairs of places and sizes, each list ended by zeros: data, and metadata.
  let at = Math.min(header, SECTOR) + 40;
  const next = () => {
    const pair = at + 16 <= SECTOR ? Number(label.readBigUInt64LE(at)) : 0;
    at += 16;
    return pair;
  };
  for (let areas = 0; areas < MAX_AREAS && next() !== 0; areas++);
  const area = next();
  const head = await bytesAt(reader, area, SECTOR);
  if (area === 0 || head.toString('latin1', 4, 20) !== METADATA_MAGIC)
    throw new UnreadableFileSystemError('LVM’s metadata is not where it should be');
  return textIn(reader, {
    area,
    size: Number(head.readBigUInt64LE(32)),
    offset: Number(head.readBigUInt64LE(40)),
    length: Number(head.readBigUInt64LE(48)),
  });
}

/** The area is a ring, whose first sector is its header. */
async function textIn(
  reader: Reader,
  { area, size, offset, length }: { area: number; size: number; offset: number; length: number },
) {
  if (length > MAX_METADATA || offset > size || length > size)
    throw new UnreadableFileSystemError('LVM’s metadata makes no sense');
  const first = Math.min(length, size - offset);
  const parts = [await bytesAt(reader, area + offset, first), await bytesAt(reader, area + SECTOR, length - first)];
  return Buffer.concat(parts).toString('utf8');
}

function piecesOf(volume: Section, { extent, start }: { extent: number; start: number }): Piece[] {
  const pieces = sectionsOf(volume).map(([, { start_extent, extent_count, stripes }]) => ({
    at: Number(start_extent) * extent,
    from: start + Number(Array.isArray(stripes) ? stripes[1] : Number.NaN) * extent,
    length: Number(extent_count) * extent,
  }));
  const isSound = pieces.every((piece) => Object.values(piece).every((one) => Number.isSafeInteger(one) && one >= 0));
  if (!isSound || pieces.length > MAX_PIECES) throw new UnreadableFileSystemError('LVM’s metadata makes no sense');
  return pieces.sort((one, other) => one.at - other.at);
}

function joined(reader: Reader, pieces: readonly Piece[]): Reader {
  return {
    size: pieces.reduce((sum, { length }) => sum + length, 0),
    async read(offset, into) {
      for (const { at, from, length } of pieces) {
        const start = Math.max(offset, at);
        const end = Math.min(offset + into.length, at + length);
        if (start < end) (await bytesAt(reader, from + start - at, end - start)).copy(into, start - offset);
      }
    },
  };
}
