import { DeleteSnapshotCommand, DescribeSnapshotsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import type { SnapshotId, Snapshots } from '../snapshots.ts';
import { unlessGone } from './unless-gone.ts';

/**
 * What the EBS direct APIs cannot: tell a snapshot's state, and delete it. By itself, since EC2's client takes 90 MiB of memory, which a process that only
 * copies blocks need not have.
 */
export type Ec2Snapshots = Pick<Snapshots, 'state' | 'remove'>;

export const ec2Snapshots = (ec2: EC2Client): Ec2Snapshots => ({
  state: (id) => state(ec2, id),
  /** A snapshot that is gone has no tags: a caller that may delete only what bears them would be refused it. */
  async remove(id) {
    if ((await state(ec2, id)) === undefined) return;
    await unlessGone(ec2.send(new DeleteSnapshotCommand({ SnapshotId: id })));
  },
});

async function state(ec2: EC2Client, id: SnapshotId): ReturnType<Snapshots['state']> {
  const { Snapshots: found = [] } =
    (await unlessGone(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] })))) ?? {};
  const known = found[0]?.State;
  return known === 'pending' || known === 'completed' || known === 'error' ? known : undefined;
}
