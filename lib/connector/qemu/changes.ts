import { BLOCK_SIZE } from '../../snapshots.ts';
import { connectNbd } from '../nbd/client.ts';
import { ChangesUnknownError, type Extent } from '../source.ts';
import { endExport } from './exports.ts';
import { socketIn } from './fleece.ts';
import { graphOf } from './graph.ts';
import { exportName, nodeName, READING_BITMAP } from './names.ts';
import type { RefContent } from './point-ref.ts';
import type { Qmp } from './qmp.ts';

/** Milliseconds without an answer about a bitmap, which is in memory. */
const SILENCE_LIMIT = 30_000;

/**
 * What the guest wrote to the disk since the bitmap was made. It has gone on writing since the point: what it wrote then is told as well, which costs a
 * comparison and does no harm. Throws ChangesUnknownError where the bitmap is gone, as after a restart of the guest.
 */
export async function changesSince(
  bitmap: string,
  { qmp, ref, index }: { qmp: Qmp; ref: RefContent; index: number },
): Promise<Extent[]> {
  const { key, node } = ref.disks[index]!;
  const { bitmaps } = await graphOf(qmp);
  const found = bitmaps.find((one) => one.node === node && one.name === bitmap);
  if (!found?.whole)
    throw new ChangesUnknownError(
      `disk ${key} of guest ${ref.server} has no list of changes ${bitmap}: the guest was restarted since, or its disk exchanged`,
    );
  // A process was killed while it read.
  if (bitmaps.some((one) => one.node === node && one.name === READING_BITMAP)) {
    await endExport(qmp, readingExport(ref, index)).catch(() => {});
    await forget(qmp, node);
  }
  await qmp.execute('block-dirty-bitmap-add', { node, name: READING_BITMAP, granularity: BLOCK_SIZE, disabled: true });
  try {
    await qmp.execute('block-dirty-bitmap-merge', { node, target: READING_BITMAP, bitmaps: [bitmap] });
    return await readMarks({ qmp, ref, index });
  } finally {
    await forget(qmp, node);
  }
}

const readingExport = ({ point }: RefContent, index: number) => `${exportName(point, index)}-b`;

const forget = (qmp: Qmp, node: string) => qmp.execute('block-dirty-bitmap-remove', { node, name: READING_BITMAP });

async function readMarks({ qmp, ref, index }: { qmp: Qmp; ref: RefContent; index: number }): Promise<Extent[]> {
  const id = readingExport(ref, index);
  await qmp.execute('block-export-add', {
    type: 'nbd',
    id,
    name: id,
    'node-name': nodeName(ref.point, index, 's'),
    writable: false,
    bitmaps: [{ node: ref.disks[index]!.node, name: READING_BITMAP }],
  });
  const options = { exportName: id, bitmap: READING_BITMAP, silence: SILENCE_LIMIT };
  const client = await connectNbd(socketIn(ref.folder), options);
  try {
    const extents: Extent[] = [];
    for await (const extent of client.dirty()) extents.push(extent);
    return extents;
  } finally {
    client.close();
    await endExport(qmp, id);
  }
}
