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

  /** A manifest of so many blocks that begins with what `bytes` hold; uses them if they have that size. */
  static of(blocks: number, bytes: Buffer = Buffer.alloc(0)): Manifest {
    if (bytes.length === blocks * DIGEST_SIZE) return new Manifest(bytes);
    const grown = Buffer.alloc(blocks * DIGEST_SIZE);
    bytes.copy(grown);
    return new Manifest(grown);
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
