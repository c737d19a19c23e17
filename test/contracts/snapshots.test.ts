import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { describe } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { ebsSnapshots } from '../../lib/aws/ebs-snapshots.ts';
import { ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { KEY, openBed } from '../local/ebs/bed.ts';
import { describeOnAws, openAws, REMOTE } from '../support/aws.ts';
import { snapshotsContract } from './snapshots.ts';

const LOCAL = { faithful: true, patience: 1 };

describe('openFileSnapshots', () => {
  snapshotsContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    const snapshots = await openFileSnapshots(folder, { clock: systemClock });
    return {
      snapshots,
      async close() {
        await snapshots.close();
        rmSync(folder, { recursive: true });
      },
    };
  }, LOCAL);
});

const adapter = (ebs: EBSClient, ec2: EC2Client) =>
  ebsSnapshots({ ebs, ec2: ec2Snapshots(ec2), clock: systemClock, random: Math.random });

describe('ebsSnapshots on the endpoint of rehost up', () => {
  snapshotsContract(async () => {
    const bed = await openBed();
    const ec2 = new EC2Client({ endpoint: bed.url, region: 'us-east-1', credentials: KEY });
    const snapshots = await adapter(bed.ebs, ec2);
    return {
      snapshots,
      async close() {
        snapshots.close();
        ec2.destroy();
        await bed.close();
      },
    };
  }, LOCAL);
});

// moto refuses nothing; what it lacks to be read at all, test/simulators/moto-ebs.ts adds.
describeOnAws('ebsSnapshots', () => {
  snapshotsContract(
    async () => {
      const account = await openAws();
      const snapshots = await adapter(awsClient(EBSClient, account.config), awsClient(EC2Client, account.config));
      return {
        snapshots,
        async close() {
          snapshots.close();
          await account.close();
        },
      };
    },
    { faithful: REMOTE, patience: REMOTE ? 600 : 15 },
  );
});
