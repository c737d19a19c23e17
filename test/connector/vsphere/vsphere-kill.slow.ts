import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openFileSnapshots } from '../../../lib/local/file-snapshots.ts';
import type { TransferResult } from '../../../lib/replication/transfer-server.ts';
import { CLOCK } from '../../replication/data-centre.ts';
import { missingVcsim, startVcsim, type Vcsim } from '../../support/vcsim.ts';
import { demandBytes, guestDisk, noise } from './transfers.ts';

const MIB = 2 ** 20;
const BLOCKS = 60;
const describeHere = missingVcsim ? describe.skip : describe;
if (missingVcsim) test.skip(`a vCenter: ${missingVcsim}`, () => {});

let vcsim: Vcsim;
let folder: string;
beforeAll(async () => {
  if (missingVcsim) return;
  vcsim = await startVcsim('-vm', '2', '-mib', '32');
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
}, 300_000);
afterAll(async () => {
  await vcsim?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

describeHere('a connector that is killed', () => {
  test.each([
    ['auto', 'DC0_C0_RP0_VM0'],
    ['export', 'DC0_C0_RP0_VM1'],
  ])(
    'finds its snapshot again and ends with one whole copy (reader=%s)',
    async (reader, name) => {
      const { id } = await vcsim.vm(name);
      const disk = guestDisk(vcsim, name, { size: 32 * MIB });
      await disk.write(MIB, noise((BLOCKS * MIB) / 2));
      const frozen = Buffer.from(disk.bytes);
      const transfer = (killAfter: number) => {
        const args = [
          join(import.meta.dirname, '..', '..', 'replication', 'transfer-child.ts'),
          folder,
          vcsim.spec(`pin=${vcsim.pin}&reader=${reader}`),
          id,
          `${killAfter}`,
        ];
        return spawnSync(process.execPath, args, { encoding: 'utf8' });
      };

      const killed = transfer(20);
      expect([killed.stderr, killed.signal]).toEqual(['', 'SIGKILL']);
      const [snapshot] = (await vcsim.vm(name)).snapshots;
      expect(snapshot).toBe('rehost/run-1');
      await disk.write(0, noise(8 * MIB));
      const last = transfer(0);
      expect(last.stderr).toBe('');
      const { result, puts } = JSON.parse(last.stdout) as { result: TransferResult; puts: number };
      // Those that were under way at the kill are put again.
      expect(puts).toBeLessThanOrEqual(BLOCKS - 10);
      expect((await vcsim.vm(name)).snapshots).toEqual([]);
      const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock: CLOCK });
      await demandBytes(snapshots, result.disks[0]!.snapshotId, frozen);
      await snapshots.close();
    },
    90_000,
  );
});
