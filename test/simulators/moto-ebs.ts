import type { Answer, Exchange, Request } from './aws-proxy.ts';

interface Block {
  readonly BlockIndex: string;
  readonly BlockToken: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const BLOCK_SIZE = 524_288;

/**
 * What moto's EBS direct APIs lack: parents, so that a snapshot has the blocks that it did not overwrite; tokens, so that a repeated start answers the
 * same snapshot; blocks of 512 KiB with numbers, in their order.
 */
export function motoEbs(exchange: Exchange): Exchange {
  const parents = new Map<string, string>();
  const started = new Map<string, Answer>();
  const owners = new Map<string, string>();

  /** The blocks of the snapshot itself, by their index. */
  const ownBlocks = async (request: Request, id: string) => {
    const answer = await exchange({ ...request, url: `/snapshots/${id}/blocks` });
    const { Blocks = [] } = JSON.parse(answer.body.toString()) as { Blocks?: Block[] };
    return new Map(Blocks.map(({ BlockIndex, BlockToken }) => [Number(BlockIndex), BlockToken]));
  };

  const start = async (request: Request): Promise<Answer> => {
    const { ParentSnapshotId, ClientToken } = JSON.parse(request.body.toString()) as Record<string, string>;
    const known = ClientToken && started.get(ClientToken);
    if (known) return known;
    const answer = await exchange(request);
    const snapshot = { ...(JSON.parse(answer.body.toString()) as { SnapshotId: string }), BlockSize: BLOCK_SIZE };
    if (ParentSnapshotId) parents.set(snapshot.SnapshotId, ParentSnapshotId);
    const whole = { ...answer, headers: JSON_TYPE, body: Buffer.from(JSON.stringify(snapshot)) };
    if (ClientToken) started.set(ClientToken, whole);
    return whole;
  };

  const list = async (request: Request, id: string): Promise<Answer> => {
    const chain: string[] = [];
    for (let one: string | undefined = id; one; one = parents.get(one)) chain.unshift(one);
    const tokens = new Map<number, string>();
    for (const one of chain) {
      for (const [index, token] of await ownBlocks(request, one)) {
        tokens.set(index, token);
        owners.set(token, one);
      }
    }
    return answerOf({ Blocks: inOrder(tokens).map(([BlockIndex, BlockToken]) => ({ BlockIndex, BlockToken })) });
  };

  const changed = async (request: Request, id: string): Promise<Answer> => {
    const own = inOrder(await ownBlocks(request, id));
    return answerOf({ ChangedBlocks: own.map(([BlockIndex, SecondBlockToken]) => ({ BlockIndex, SecondBlockToken })) });
  };

  return async (request) => {
    const { pathname, searchParams } = new URL(request.url, 'http://host');
    const [, , id = '', what, index] = pathname.split('/');
    if (request.method === 'POST' && pathname === '/snapshots') return start(request);
    if (request.method !== 'GET') return exchange(request);
    if (what === 'changedblocks') return changed(request, id);
    if (index === undefined) return list(request, id);
    const owner = owners.get(searchParams.get('blockToken') ?? '') ?? id;
    return exchange({ ...request, url: `/snapshots/${owner}/blocks/${index}` });
  };
}

const inOrder = (tokens: ReadonlyMap<number, string>) => [...tokens].sort(([a], [b]) => a - b);

const answerOf = (blocks: object): Answer => ({
  status: 200,
  headers: JSON_TYPE,
  body: Buffer.from(JSON.stringify({ ...blocks, BlockSize: BLOCK_SIZE, VolumeSize: 1 })),
});
