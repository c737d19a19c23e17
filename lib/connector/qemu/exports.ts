import { setTimeout as sleep } from 'node:timers/promises';
import { listOf } from './answers.ts';
import type { Qmp } from './qmp.ts';

/** Milliseconds between two looks at an export that ends. */
const POLL_INTERVAL = 2;

/** Ends an export, whoever reads it. Its nodes and bitmaps are in use until it is gone, which is told by no answer. */
export async function endExport(qmp: Qmp, id: string): Promise<void> {
  await qmp.execute('block-export-del', { id, mode: 'hard' });
  const exports = async () => listOf(await qmp.execute('query-block-exports'), 'query-block-exports');
  while ((await exports()).some((one) => one.id === id)) await sleep(POLL_INTERVAL);
}
