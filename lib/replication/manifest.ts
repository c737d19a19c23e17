import { createHash } from 'node:crypto';
import { DIGEST_SIZE } from './digest.ts';

const ABSENT = Buffer.alloc(DIGEST_SIZE);

/**
 * What a snapshot holds: a digest per block, 32 zero bytes where the block is absent. A block that was written as zeros has the digest of a block of
 * zeros, so a manifest mirrors its snapshot exactly. 64 MiB for a disk of 1 TiB.
 */
export class Manifest {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** One of so many blocks, which begins with what `previous` holds. */
  static from(previous: Manifest | undefined, blocks: number): Manifest {
    const bytes = Buffer.alloc(blocks * DIGEST_SIZE);
    previous?.bytes.copy(bytes);
    return new Manifest(bytes);
  }

  get blocks(): number {
    return this.bytes.length / DIGEST_SIZE;
  }

  at(index: number): Buffer {
    return this.bytes.subarray(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE);
  }

  holds(index: number): boolean {
    return !this.at(index).equals(ABSENT);
  }

  set(index: number, digest: Buffer): void {
    digest.copy(this.bytes, index * DIGEST_SIZE);
  }

  /** SHA-256 over the digests of those blocks, in ascending order: EBS's LINEAR aggregation. `chosen` has a byte per block. */
  linear(chosen: Uint8Array): Buffer {
    const hash = createHash('sha256');
    for (let index = chosen.indexOf(1); index >= 0; index = chosen.indexOf(1, index + 1)) hash.update(this.at(index));
    return hash.digest();
  }
}
