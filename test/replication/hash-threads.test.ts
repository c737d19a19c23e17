import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sha256 } from '../../lib/replication/digest.ts';
import { sharedBuffer } from '../../lib/replication/hash-threads.ts';

test('hashes parts of shared memory side by side, each answer to its question', async () => {
  const buffer = sharedBuffer(64 * 1024);
  for (let at = 0; at < buffer.length; at++) buffer[at] = (at * 31) % 251;
  const parts = Array.from({ length: 64 }, (_, part) => buffer.subarray(part * 1_000, part * 1_000 + 777));
  const digests = await Promise.all(parts.map(sha256));
  expect(digests).toEqual(parts.map((part) => createHash('sha256').update(part).digest()));
});

test('lets a process end that has nothing else to do', () => {
  const module = JSON.stringify(join(import.meta.dirname, '..', '..', 'lib', 'replication', 'hash-threads.ts'));
  const script = `const { hashShared, sharedBuffer } = await import(${module}); console.log((await hashShared(sharedBuffer(64))).length);`;
  const node = ['--no-warnings', '--input-type=module', '-e', script];
  expect(execFileSync(process.execPath, node, { encoding: 'utf8', timeout: 10_000 })).toBe('32\n');
});
