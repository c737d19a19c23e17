import { listOf, recordOf, textOf } from './answers.ts';
import type { Qmp } from './qmp.ts';

/** A node that stands for a pause of ours, so that whoever comes next knows whose it is. */
const MARK = 'rehost-paused';

/**
 * Holds a running guest still for a moment. Should this process be killed in that moment, the next that talks to the guest lets it go on (`resume`): the
 * mark stands in QEMU itself.
 */
export async function paused(qmp: Qmp, work: () => Promise<void>): Promise<void> {
  if (recordOf(await qmp.execute('query-status'), 'query-status').running !== true) return work();
  await qmp.execute('blockdev-add', { driver: 'null-co', 'node-name': MARK, size: 0 });
  try {
    await qmp.execute('stop');
    await work();
  } finally {
    await qmp.execute('cont');
    await qmp.execute('blockdev-del', { 'node-name': MARK });
  }
}

/** Lets a guest go on that an earlier process held still. */
export async function resume(qmp: Qmp): Promise<void> {
  const nodes = listOf(await qmp.execute('query-named-block-nodes', { flat: true }), 'query-named-block-nodes');
  if (!nodes.some((node) => textOf(node['node-name'], 'query-named-block-nodes') === MARK)) return;
  await qmp.execute('cont');
  await qmp.execute('blockdev-del', { 'node-name': MARK });
}
