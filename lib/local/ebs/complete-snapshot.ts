import { invalid } from './ebs-error.ts';
import {
  checksumOf,
  demandSnapshot,
  type EbsAnswer,
  type EbsRequest,
  type EbsServices,
  wholeNumber,
} from './operation.ts';

const MAX_COUNT = 2 ** 31 - 1;

/** Seals a pending snapshot. A repeated call with the same figures is answered as the first was. */
export async function completeSnapshot(
  { names: [id = ''], headers }: EbsRequest,
  { snapshots }: EbsServices,
): Promise<EbsAnswer> {
  if (snapshots.describe(id)?.state !== 'completed') demandSnapshot(id, 'pending', { snapshots });
  const written = wholeNumber('x-amz-ChangedBlocksCount', headers['x-amz-changedblockscount'], {
    min: 0,
    max: MAX_COUNT,
  });
  if (written === undefined)
    throw invalid('INVALID_PARAMETER_VALUE', 'x-amz-ChangedBlocksCount is missing: the number of blocks that were put');
  const linear = checksumOf(headers);
  if (linear && headers['x-amz-checksum-aggregation-method'] !== 'LINEAR')
    throw invalid(
      'INVALID_PARAMETER_VALUE',
      'x-amz-Checksum-Aggregation-Method has to be LINEAR, the only one there is',
    );
  await snapshots.complete(id, { written, ...(linear ? { linear } : {}) });
  return { body: { Status: 'completed' } };
}
