import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  type EC2Client,
  type Image,
  RegisterImageCommand,
  type RegisterImageCommandInput,
} from '@aws-sdk/client-ec2';
import { CONSISTENCY_TAG } from '../domain/consistency.ts';
import { ImageNameTakenError, type ImageSpec, type Images, SnapshotNotReadyError } from '../ports.ts';
import { TransientError } from '../workflows/transient-error.ts';
import { importImage } from './import-image.ts';
import { type Pace, poll } from './poll.ts';
import { unlessGone } from './unless-gone.ts';

export class ImageFailedError extends Error {
  override readonly name = 'ImageFailedError';
}

/** Tag of a snapshot that belongs to an image: it finds what is left to delete when the image itself is gone already. */
export const IMAGE_TAG = 'rehost:image';

/**
 * Images in EC2, registered from snapshots or imported. RegisterImage would make an i386 image for paravirtual hosts unless it is told everything.
 */
export function ec2Images(client: EC2Client, pace?: Pace): Images {
  return {
    finalizers: () => ['register', 'import'],
    import: (spec) => importImage(client, spec),
    async register(spec) {
      const imageId = await registered(client, spec);
      await client.send(
        new CreateTagsCommand({
          Resources: spec.disks.map(({ snapshotId }) => snapshotId),
          Tags: [
            { Key: IMAGE_TAG, Value: imageId },
            ...spec.tags
              .filter(({ key }) => key === CONSISTENCY_TAG)
              .map(({ key, value }) => ({ Key: key, Value: value })),
          ],
        }),
      );
      const ready = await poll(() => availability(client, imageId), pace);
      if (!ready) throw new TransientError(`image ${imageId} is not available yet`);
      return { imageId };
    },
    async exists(imageId) {
      return (await findImage(client, imageId))?.State === 'available';
    },
    async deregister(imageId, { keepSnapshotIds }) {
      const image = await findImage(client, imageId);
      const own = [...snapshotsOf(image), ...(await taggedSnapshots(client, imageId))];
      if (image) await unlessGone(client.send(new DeregisterImageCommand({ ImageId: imageId })));
      for (const SnapshotId of new Set(own))
        if (!keepSnapshotIds.includes(SnapshotId))
          await unlessGone(client.send(new DeleteSnapshotCommand({ SnapshotId })));
    },
  };
}

/** The image of that name: found, or registered now. */
async function registered(client: EC2Client, spec: ImageSpec): Promise<string> {
  const known = await namedImage(client, spec);
  if (known) return known;
  await checkSnapshots(client, spec);
  try {
    const { ImageId } = await client.send(new RegisterImageCommand(registration(spec)));
    return ImageId!;
  } catch (error) {
    if ((error as Error).name !== 'InvalidAMIName.Duplicate') throw error;
    // A repeat that came before the first registration could be seen.
    const first = await namedImage(client, spec);
    if (first) return first;
    throw new TransientError(`image ${spec.name} is registered but cannot be seen yet`, { cause: error });
  }
}

const registration = (spec: ImageSpec): RegisterImageCommandInput => ({
  Name: spec.name,
  Description: spec.description,
  Architecture: spec.architecture,
  VirtualizationType: spec.virtualizationType,
  ...(spec.bootMode ? { BootMode: spec.bootMode } : {}),
  EnaSupport: spec.enaSupport,
  RootDeviceName: spec.rootDeviceName,
  BlockDeviceMappings: spec.disks.map(({ deviceName, snapshotId, sizeGiB, deleteOnTermination }) => ({
    DeviceName: deviceName,
    // Whether it is encrypted follows from the snapshot, and may not be said here.
    Ebs: {
      SnapshotId: snapshotId,
      VolumeSize: sizeGiB,
      VolumeType: 'gp3',
      DeleteOnTermination: deleteOnTermination,
    },
  })),
  TagSpecifications: [{ ResourceType: 'image', Tags: spec.tags.map(({ key, value }) => ({ Key: key, Value: value })) }],
});

async function namedImage(client: EC2Client, { name, disks }: ImageSpec): Promise<string | undefined> {
  const { Images = [] } = await client.send(
    new DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'name', Values: [name] }] }),
  );
  const image = Images[0];
  if (!image) return undefined;
  const own = [...snapshotsOf(image), ...(await taggedSnapshots(client, image.ImageId!))];
  if (disks.every(({ snapshotId }) => own.includes(snapshotId))) return image.ImageId!;
  throw new ImageNameTakenError(`image name ${name} belongs to ${image.ImageId}, which is made of other snapshots`);
}

async function checkSnapshots(client: EC2Client, { disks }: ImageSpec) {
  for (const { snapshotId } of disks) {
    const found = await unlessGone(client.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] })));
    const state = found?.Snapshots?.[0]?.State;
    if (state !== 'completed')
      throw new SnapshotNotReadyError(
        `snapshot ${snapshotId} is ${state ?? 'gone'}; an image needs completed snapshots`,
      );
  }
}

/** True once the image can be launched. Throws ImageFailedError when it never can. */
async function availability(client: EC2Client, imageId: string): Promise<true | undefined> {
  const image = await findImage(client, imageId);
  if (image?.State === 'available') return true;
  if (!image || image.State === 'pending') return undefined;
  throw new ImageFailedError(
    `image ${imageId} is ${image.State}: ${image.StateReason?.Message ?? 'no reason is given'}`,
  );
}

async function findImage(client: EC2Client, imageId: string): Promise<Image | undefined> {
  const answer = await unlessGone(client.send(new DescribeImagesCommand({ ImageIds: [imageId] })));
  return answer?.Images?.[0];
}

const snapshotsOf = (image: Image | undefined): string[] =>
  (image?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);

async function taggedSnapshots(client: EC2Client, imageId: string): Promise<string[]> {
  const { Snapshots = [] } = await client.send(
    new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [{ Name: `tag:${IMAGE_TAG}`, Values: [imageId] }] }),
  );
  return Snapshots.map(({ SnapshotId }) => SnapshotId!);
}
