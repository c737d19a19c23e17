import { DeleteSnapshotCommand, type EC2Client, paginateDescribeSnapshots } from '@aws-sdk/client-ec2';
import type { Images } from '../ports.ts';
import { IMAGE_TAG } from './ec2-images.ts';
import { unlessGone } from './unless-gone.ts';

/** Deletes the snapshots of a replication job that no image has: of runs that failed, and those that outlived their image as parents. */
export async function removeJobSnapshots(client: EC2Client, jobId: string, images: Pick<Images, 'exists'>) {
  const ofJob = { OwnerIds: ['self'], Filters: [{ Name: 'tag:SMSJobId', Values: [jobId] }] };
  for await (const { Snapshots = [] } of paginateDescribeSnapshots({ client }, ofJob)) {
    for (const { SnapshotId, Tags = [] } of Snapshots) {
      const imageId = Tags.find(({ Key }) => Key === IMAGE_TAG)?.Value;
      if (imageId && (await images.exists(imageId))) continue;
      await unlessGone(client.send(new DeleteSnapshotCommand({ SnapshotId })));
    }
  }
}
