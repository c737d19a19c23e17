import { isRecord, listOf, textOf } from './answers.ts';
import { type NodeName, readNodeName } from './names.ts';
import type { Qmp } from './qmp.ts';

export interface Bitmap {
  /** The node that it belongs to. */
  readonly node: string;
  readonly name: string;
  /** It has noted every write since it was made. */
  readonly whole: boolean;
}

/** A guest's block nodes, as far as they concern us. */
export interface Graph {
  /** Those that we made. */
  readonly ours: readonly NodeName[];
  readonly bitmaps: readonly Bitmap[];
}

export async function graphOf(qmp: Qmp): Promise<Graph> {
  const nodes = listOf(await qmp.execute('query-named-block-nodes', { flat: true }), 'query-named-block-nodes');
  const names = nodes.map((node) => textOf(node['node-name'], 'query-named-block-nodes'));
  return {
    ours: names.map(readNodeName).filter((name) => name !== undefined),
    bitmaps: nodes.flatMap((node, position) => bitmapsOf(names[position]!, node['dirty-bitmaps'])),
  };
}

function bitmapsOf(node: string, bitmaps: unknown): Bitmap[] {
  if (!Array.isArray(bitmaps)) return [];
  return bitmaps
    .filter(isRecord)
    .filter(({ name }) => typeof name === 'string' && name !== '')
    .map(({ name, recording, inconsistent }) => ({
      node,
      name: name as string,
      whole: recording === true && inconsistent !== true,
    }));
}
