import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { expect, test } from '@jest/globals';
import { ebsSnapshots } from '../../lib/aws/ebs-snapshots.ts';
import { ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { LOCAL_LIMITS } from '../../lib/replication/concurrency.ts';
import { transferServer } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { up } from '../support/process.ts';

const BLOCKS = 60;

test('a copy goes on when the endpoint is killed in the middle of it and started again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'source', 'db1'), { recursive: true });
  const bytes = Buffer.alloc(BLOCKS * BLOCK_SIZE);
  for (let block = 0; block < BLOCKS; block++) bytes.write(`block ${block}`, block * BLOCK_SIZE);
  writeFileSync(join(folder, 'source', 'db1', 'disk.img'), bytes);

  let service = await up(['--data', join(folder, 'data')]);
  const { url: endpoint, region, credentials } = service.endpoint;
  const config = { endpoint, region, credentials, maxAttempts: 10 };
  const [ebs, ec2] = [new EBSClient(config), new EC2Client(config)];
  const store = await ebsSnapshots({ ebs, ec2: ec2Snapshots(ec2), clock: systemClock, random: Math.random });
  let restarted: Promise<void> | undefined;
  const restart = async () => {
    await service.kill();
    service = await up(['--data', join(folder, 'data'), '--port', new URL(endpoint).port]);
  };
  const puts: number[] = [];
  const { disks } = await transferServer(
    { runId: 'run-1', jobId: 'sms-job-1', attempt: 1, vmId: 'db1', description: '', tags: {} },
    {
      source: imagesSource(join(folder, 'source')),
      snapshots: {
        ...store,
        async put(...put) {
          puts.push(put[1]);
          if (puts.length === BLOCKS / 2) restarted = restart();
          return store.put(...put);
        },
      },
      stateFolder: join(folder, 'state'),
      clock: systemClock,
      concurrency: LOCAL_LIMITS,
      verification: 'full',
      onProgress() {},
    },
  );
  await restarted;
  expect(disks).toMatchObject([{ blocksCopied: BLOCKS }]);
  expect(puts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: BLOCKS }, (_, block) => block));
  // Read back in full above; and it is the only one.
  expect(await store.state(disks[0]!.snapshotId)).toBe('completed');
  store.close();
  ebs.destroy();
  ec2.destroy();
  await service.kill();
  rmSync(folder, { recursive: true });
}, 60_000);
