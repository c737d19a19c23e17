import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ebsSnapshots } from '../../lib/aws/ebs-snapshots.ts';
import { ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { LOCAL_LIMITS } from '../../lib/replication/concurrency.ts';
import { transferServer } from '../../lib/replication/transfer-server.ts';

// Run as a process of its own, to be killed: transfers db1 into an endpoint, writes down which blocks it puts, one line each, and prints its result.
const { folder, url, region, credentials } = JSON.parse(process.argv[2]!) as {
  folder: string;
  url: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};
// A service that is killed and started again is away for a while.
const config = { endpoint: url, region, credentials, maxAttempts: 10 };
const ec2 = ec2Snapshots(new EC2Client(config));
const alive = setInterval(() => {}, 1_000);
const snapshots = await ebsSnapshots({ ebs: new EBSClient(config), ec2, clock: systemClock, random: Math.random });
const result = await transferServer(
  { runId: 'run-1', jobId: 'sms-job-1', attempt: 1, vmId: 'db1', description: '', tags: {} },
  {
    source: imagesSource(join(folder, 'source')),
    snapshots: {
      ...snapshots,
      put(id, index, data, sha256) {
        appendFileSync(join(folder, 'puts'), `${index}\n`);
        return snapshots.put(id, index, data, sha256);
      },
    },
    stateFolder: join(folder, 'state'),
    clock: systemClock,
    concurrency: LOCAL_LIMITS,
    verification: 'full',
    onProgress() {},
  },
);
snapshots.close();
clearInterval(alive);
process.stdout.write(JSON.stringify(result));
