import { EBSClient } from '@aws-sdk/client-ebs';
import { ebsSnapshots } from '../../lib/aws/ebs-snapshots.ts';
import type { Ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import type { Endpoint } from '../../lib/cli/endpoint.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import type { Source } from '../../lib/connector/source.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { LOCAL_LIMITS } from '../../lib/replication/concurrency.ts';
import { type TransferResult, type TransferServices, transferServer } from '../../lib/replication/transfer-server.ts';
import { BLOCK_SIZE, type Snapshots } from '../../lib/snapshots.ts';
import { tracking } from '../../test/replication/tracking.ts';

/** Snapshots behind the endpoint, as the appliance reaches those of AWS. */
export async function openEndpoint(
  { url, region, credentials }: Pick<Endpoint, 'url' | 'region' | 'credentials'>,
  ec2: Ec2Snapshots,
) {
  const config = { endpoint: url, region, credentials };
  return ebsSnapshots({
    ebs: new EBSClient(config),
    ec2,
    clock: systemClock,
    random: Math.random,
  });
}

export interface Copy {
  readonly folder: string;
  readonly snapshots: Snapshots;
  readonly jobId: string;
  readonly vmId: string;
  readonly runId: string;
  readonly more?: Partial<TransferServices>;
}

/** One transfer of a server of the folder's data centre. */
export function copy({ folder, snapshots, more, runId, ...request }: Copy): Promise<TransferResult> {
  return transferServer(
    { attempt: 1, description: '', tags: {}, runId: `${request.jobId}/${runId}`, ...request },
    {
      source: imagesSource(`${folder}/source`),
      snapshots,
      stateFolder: `${folder}/state`,
      clock: systemClock,
      concurrency: LOCAL_LIMITS,
      onProgress() {},
      ...more,
    },
  );
}

/** The folder, as if it tracked changes: the blocks at these offsets. */
export const trackingSource = (folder: string, offsets: readonly number[]): Source =>
  tracking(imagesSource(`${folder}/source`), {
    instant: () => 'instant',
    changedSince: () => offsets.map((offset) => ({ offset, length: BLOCK_SIZE })),
  });
