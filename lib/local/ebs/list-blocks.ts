import type { Json } from '../../json.ts';
import { BLOCK_SIZE, blocksOf } from '../../snapshots.ts';
import type { Part } from '../file-snapshots/listing.ts';
import { invalid } from './ebs-error.ts';
import { demandSnapshot, type EbsAnswer, type EbsRequest, type EbsServices, wholeNumber } from './operation.ts';
import { blockIndex } from './put-snapshot-block.ts';

const HOUR = 3_600_000;
/** Milliseconds that a page token can be used. Source: EBS user guide, list the blocks in a snapshot. */
const PAGE_TOKEN_LIFE = HOUR;
/** Milliseconds that a block token can be used. Source: as above. */
const BLOCK_TOKEN_LIFE = 7 * 24 * HOUR;
/** Blocks per page. Source: model of the EBS direct APIs. */
const PAGE = { min: 100, max: 10_000 };
/** Parts of a manifest that are looked at for one page: 128 GiB of disk. Where they hold nothing the page is empty, and has a token. */
const MAX_PARTS = 64;

/** The blocks of a snapshot that were written, by it or an ancestor. */
export async function listSnapshotBlocks(request: EbsRequest, services: EbsServices): Promise<EbsAnswer> {
  const [id = ''] = request.names;
  const { spec } = demandSnapshot(id, 'completed', services);
  const expires = services.clock.now() + BLOCK_TOKEN_LIFE;
  const page = await readPage(request, services, {
    use: `list ${id}`,
    blocks: blocksOf(spec.sizeGiB),
    parts: (from) => services.snapshots.listFrom(id, from),
  });
  const { sign } = services.tokens;
  return {
    body: {
      Blocks: page.blocks.map(({ index }) => ({ BlockIndex: index, BlockToken: sign(index, expires, blockUse(id)) })),
      ...rest(expires, spec.sizeGiB, page.next),
    },
  };
}

/** The blocks that differ between two snapshots of one lineage. */
export async function listChangedBlocks(request: EbsRequest, services: EbsServices): Promise<EbsAnswer> {
  const [second = ''] = request.names;
  const first = request.query.firstSnapshotId;
  if (!first) throw invalid('INVALID_SNAPSHOT_ID', 'firstSnapshotId is missing: the snapshot to compare with');
  const sizes = [first, second].map((id) => demandSnapshot(id, 'completed', services).spec.sizeGiB);
  const expires = services.clock.now() + BLOCK_TOKEN_LIFE;
  const page = await readPage(request, services, {
    use: `changed ${first} ${second}`,
    blocks: blocksOf(Math.max(...sizes)),
    parts: (from) => services.snapshots.changedFrom([first, second], from),
  });
  const token = (id: string, index: number) => services.tokens.sign(index, expires, blockUse(id));
  return {
    body: {
      ChangedBlocks: page.blocks.map(({ index, ...has }) => ({
        BlockIndex: index,
        ...(has.first ? { FirstBlockToken: token(first, index) } : {}),
        ...(has.second ? { SecondBlockToken: token(second, index) } : {}),
      })),
      ...rest(expires, sizes[1]!, page.next),
    },
  };
}

/** A block that was listed. */
export async function getSnapshotBlock(
  { names: [id = '', block = ''], query }: EbsRequest,
  services: EbsServices,
): Promise<EbsAnswer> {
  const { spec } = demandSnapshot(id, 'completed', services);
  const index = blockIndex(block, spec.sizeGiB);
  const found =
    services.tokens.open(query.blockToken ?? '', blockUse(id)) === index
      ? await services.snapshots.readBlock(id, index)
      : undefined;
  if (!found)
    throw invalid(
      'INVALID_BLOCK_TOKEN',
      `the token is not one of block ${index} of ${id}, or is older than 7 days; list the blocks again`,
    );
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'x-amz-Data-Length': `${BLOCK_SIZE}`,
      'x-amz-Checksum': found.sha256.toString('base64'),
      'x-amz-Checksum-Algorithm': 'SHA256',
    },
    body: found.data,
  };
}

const blockUse = (id: string) => `block ${id}`;

interface Listing<Block> {
  /** What page tokens of this listing are good for. */
  readonly use: string;
  readonly blocks: number;
  parts(from: number): AsyncIterable<Part<Block>>;
}

async function readPage<Block extends { readonly index: number }>(
  { query }: EbsRequest,
  { tokens, clock }: EbsServices,
  { use, blocks, parts }: Listing<Block>,
): Promise<{ blocks: Block[]; next?: string }> {
  const most = wholeNumber('maxResults', query.maxResults, PAGE) ?? PAGE.max;
  const from = query.pageToken
    ? openPage(query.pageToken)
    : (wholeNumber('startingBlockIndex', query.startingBlockIndex, { min: 0, max: 2 ** 31 - 1 }) ?? 0);
  const found: Block[] = [];
  let [end, looked] = [from, 0];
  for await (const part of parts(from)) {
    found.push(...part.blocks);
    end = found.length > most ? found[most]!.index : part.end;
    if (found.length >= most || ++looked === MAX_PARTS) break;
  }
  const next = end < blocks ? { next: tokens.sign(end, clock.now() + PAGE_TOKEN_LIFE, use) } : {};
  return { blocks: found.slice(0, most), ...next };

  function openPage(token: string): number {
    const start = tokens.open(token, use);
    if (start !== undefined) return start;
    throw invalid('INVALID_PAGE_TOKEN', 'pageToken is not one of this list, or is older than 60 minutes; start again');
  }
}

const rest = (expires: number, sizeGiB: number, next: string | undefined): Record<string, Json> => ({
  ExpiryTime: expires / 1_000,
  VolumeSize: sizeGiB,
  BlockSize: BLOCK_SIZE,
  ...(next === undefined ? {} : { NextToken: next }),
});
