import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { describe } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { ec2Images } from '../../lib/aws/ec2-images.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { type LocalImage, localImages } from '../../lib/local/local-images.ts';
import { openRows } from '../../lib/local/rows.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { newId } from '../../lib/new-id.ts';
import { sha256 } from '../../lib/replication/digest.ts';
import { describeOnAws, openAws, REMOTE } from '../support/aws.ts';
import { ebsSnapshot, snapshotState } from '../support/ebs.ts';
import { until } from '../support/start.ts';
import { imagesContract } from './images.ts';

describe('localImages', () => {
  imagesContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    const snapshots = await openFileSnapshots(folder, { clock: systemClock });
    const images = localImages(openRows<LocalImage>(':memory:', 'image'), { snapshots, newId });
    const pendingSnapshot = async () =>
      (await snapshots.start({ sizeGiB: 1, token: newId('t', 17), tags: {}, timeoutMinutes: 60 })).id;
    return {
      images,
      pendingSnapshot,
      async snapshot() {
        const id = await pendingSnapshot();
        await snapshots.complete(id, { written: 0, linear: await sha256(Buffer.alloc(0)) });
        return id;
      },
      hasSnapshot: async (id) => (await snapshots.state(id)) !== undefined,
      async close() {
        await snapshots.close();
        rmSync(folder, { recursive: true });
      },
    };
  });
});

// moto completes a snapshot as soon as it begins, so that it has no pending one to refuse: test/aws/ec2-images.test.ts has.
describeOnAws('ec2Images', () => {
  imagesContract(async () => {
    const account = await openAws();
    const ec2 = awsClient(EC2Client, account.config);
    return {
      images: ec2Images(ec2),
      async snapshot() {
        const id = await ebsSnapshot(account);
        await until(
          () => snapshotState(ec2, id),
          (state) => state === 'completed',
          REMOTE ? 600 : 15,
        );
        return id;
      },
      hasSnapshot: async (id) => (await snapshotState(ec2, id)) !== undefined,
      close: () => account.close(),
    };
  });
});
