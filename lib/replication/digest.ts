import { webcrypto } from 'node:crypto';
import { BLOCK_SIZE } from '../snapshots.ts';
import { hashShared, isShared } from './hash-threads.ts';

/** Bytes of a digest. */
export const DIGEST_SIZE = 32;

/** SHA-256 beside the event loop: two blocks are hashed at once on two cores. Fastest for data in a `sharedBuffer`. */
export const sha256 = async (data: Buffer): Promise<Buffer> =>
  isShared(data)
    ? hashShared(data)
    : Buffer.from(await webcrypto.subtle.digest('SHA-256', data as Uint8Array<ArrayBuffer>));

const ZERO_BLOCK = Buffer.alloc(BLOCK_SIZE);

/** Compared with memory, at 60 GiB/s: worth doing before hashing. */
export const isZeroBlock = (block: Buffer): boolean => block.equals(ZERO_BLOCK);
