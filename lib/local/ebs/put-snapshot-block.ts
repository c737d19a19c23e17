import { BLOCK_SIZE, blocksOf } from '../../snapshots.ts';
import { invalid } from './ebs-error.ts';
import {
  checksumOf,
  demandSnapshot,
  type EbsAnswer,
  type EbsRequest,
  type EbsServices,
  wholeNumber,
} from './operation.ts';

/** Writes a block of a pending snapshot. The checksum is compared with the digest that the endpoint made of the body: the block is hashed once. */
export async function putSnapshotBlock(
  { names: [id = '', block = ''], headers, body, digest }: EbsRequest,
  { snapshots }: EbsServices,
): Promise<EbsAnswer> {
  const { spec } = demandSnapshot(id, 'pending', { snapshots });
  const index = blockIndex(block, spec.sizeGiB);
  wholeNumber('x-amz-Progress', headers['x-amz-progress'], { min: 0, max: 100 });
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity')
    throw invalid('INVALID_CONTENT_ENCODING', 'blocks are taken as they are, without content encoding');
  if (headers['x-amz-data-length'] !== `${BLOCK_SIZE}` || body.length !== BLOCK_SIZE)
    throw invalid('INVALID_PARAMETER_VALUE', `a block has ${BLOCK_SIZE} bytes; x-amz-Data-Length has to say so`);
  const checksum = checksumOf(headers);
  if (!checksum || !digest?.equals(checksum))
    throw invalid(
      'INVALID_PARAMETER_VALUE',
      checksum
        ? `block ${index} does not have the checksum that came with it; send it again`
        : 'x-amz-Checksum is missing',
    );
  await snapshots.putHashed(id, index, body, digest);
  return { headers: { 'x-amz-Checksum': checksum.toString('base64'), 'x-amz-Checksum-Algorithm': 'SHA256' } };
}

/** The index in a path, if the snapshot has such a block. */
export function blockIndex(text: string, sizeGiB: number): number {
  const index = Number(text);
  const blocks = blocksOf(sizeGiB);
  if (/^\d{1,9}$/.test(text) && index < blocks) return index;
  throw invalid('INVALID_BLOCK', `there is no block ${text.slice(0, 20)}; the last of ${sizeGiB} GiB is ${blocks - 1}`);
}
