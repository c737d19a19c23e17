import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Packs } from '../../lib/local/file-snapshots/packs.ts';

interface Block {
  readonly slot: number;
  readonly digest: Uint8Array;
  readonly uses: number;
}

/**
 * Recounts a closed store from its files: each block is used as often as the snapshots and puts say, has its bytes, and nothing else is there. Answers
 * what is wrong; nothing, it is to be hoped.
 */
export async function wrongsOf(folder: string): Promise<string[]> {
  const database = new DatabaseSync(join(folder, 'snapshots.db'));
  const all = <Row>(sql: string) => database.prepare(sql).all() as Row[];
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const wrongs: string[] = [];

  const snapshots = all<{ id: string; parent: string | null }>('SELECT id, parent FROM snapshot');
  const manifest = (id: string | null) => {
    const path = join(folder, 'manifests', id ?? '');
    return id && existsSync(path) ? readFileSync(path).toString('hex').match(/.{64}/g)! : [];
  };
  const absent = '0'.repeat(64);
  const uses = new Map<string, number>();
  const use = (digest: string) => uses.set(digest, (uses.get(digest) ?? 0) + 1);
  for (const { id, parent } of snapshots) {
    const above = manifest(parent);
    for (const [index, digest] of manifest(id).entries()) if (digest !== absent && digest !== above[index]) use(digest);
  }
  for (const { digest } of all<{ digest: Uint8Array }>('SELECT digest FROM pending')) use(hex(digest));

  const packs = new Packs(join(folder, 'packs'));
  for (const { slot, digest, uses: counted } of all<Block>(
    'SELECT slot, digest, uses FROM block WHERE digest IS NOT NULL',
  )) {
    const name = hex(digest);
    if (counted !== (uses.get(name) ?? 0))
      wrongs.push(`slot ${slot} counts ${counted} uses, there are ${uses.get(name) ?? 0}`);
    uses.delete(name);
    const bytes = createHash('sha256')
      .update(await packs.read(slot))
      .digest('hex');
    if (bytes !== name) wrongs.push(`slot ${slot} does not hold its block`);
  }
  for (const digest of uses.keys()) wrongs.push(`no slot holds ${digest}`);
  for (const name of readdirSync(join(folder, 'manifests')))
    if (!snapshots.some(({ id }) => id === name)) wrongs.push(`manifest ${name} belongs to nothing`);
  database.close();
  return wrongs;
}
