import { createHash } from 'node:crypto';
import {
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeImportImageTasksCommand,
  type EC2Client,
  ImportImageCommand,
  type ImportImageTask,
  paginateDescribeImportImageTasks,
  type Tag,
} from '@aws-sdk/client-ec2';
import type { ImageImport, ImageSpec } from '../ports.ts';
import { IMAGE_TAG } from './ec2-images.ts';

/** Volumes that an import may have. Source: VM Import/Export, limitations. */
const MAX_DISKS = 21;
/** A task of that image; EC2 forgets the tokens of its calls, and finished tasks later. */
const NAME_TAG = 'rehost:image-name';

/**
 * Imports an image from snapshots: the same block copies as for RegisterImage, and EC2's own conversion of drivers, boot loader, network and licence.
 * It takes minutes to an hour; each call tells how far it is. The image that it makes, and its snapshots, bear our tags, for EC2 names such images itself.
 */
export async function importImage(client: EC2Client, spec: ImageSpec): Promise<ImageImport> {
  const why = refusal(spec);
  if (why) return { status: 'failed', reason: `it cannot be imported: ${why}` };
  const task = (await findTask(client, spec)) ?? (await begin(client, spec));
  const state = stateOf(task);
  if (state.status === 'completed') await tag(client, state.imageId, spec);
  return state;
}

/** What EC2 would refuse, of which it would say less. Source: VM Import/Export, limitations. */
function refusal({ disks, bootMode, licenseType }: ImageSpec): string | undefined {
  if (disks.length > MAX_DISKS)
    return `it has ${disks.length} disks, EC2 imports ${MAX_DISKS} at most; let the job register it (licenseType BYOL)`;
  if (bootMode === 'uefi' && licenseType)
    return 'EC2 sets no licence for guests that start by UEFI; leave licenseType out';
  return undefined;
}

async function findTask(client: EC2Client, { name }: ImageSpec): Promise<ImportImageTask | undefined> {
  for await (const { ImportImageTasks = [] } of paginateDescribeImportImageTasks({ client }, {})) {
    const task = ImportImageTasks.find(({ Tags = [] }) =>
      Tags.some(({ Key, Value }) => Key === NAME_TAG && Value === name),
    );
    if (task) return task;
  }
  return undefined;
}

async function begin(client: EC2Client, spec: ImageSpec): Promise<ImportImageTask> {
  const { name, description, architecture, disks, bootMode, platform, licenseType, tags } = spec;
  const { ImportTaskId } = await client.send(
    new ImportImageCommand({
      // A call that is repeated before its task can be seen begins nothing new. A token has not all the characters of a name.
      ClientToken: createHash('sha256').update(name).digest('hex'),
      Architecture: architecture,
      Description: description,
      DiskContainers: disks.map(({ snapshotId, deviceName }, index) => ({
        SnapshotId: snapshotId,
        DeviceName: deviceName,
        Description: `${name}, disk ${index}`,
      })),
      ...(bootMode ? { BootMode: bootMode } : {}),
      // A snapshot does not tell EC2 what a guest that starts by UEFI is.
      ...(platform ? { Platform: platform } : {}),
      ...(licenseType ? { LicenseType: licenseType } : {}),
      TagSpecifications: [
        { ResourceType: 'import-image-task', Tags: [...tags.map(tagOf), { Key: NAME_TAG, Value: name }] },
      ],
    }),
  );
  const { ImportImageTasks = [] } = await client.send(
    new DescribeImportImageTasksCommand({ ImportTaskIds: [ImportTaskId!] }),
  );
  return ImportImageTasks[0] ?? { ImportTaskId: ImportTaskId! };
}

function stateOf({ ImportTaskId, Status = 'active', StatusMessage, Progress, ImageId }: ImportImageTask): ImageImport {
  if (Status === 'completed') return { status: 'completed', imageId: ImageId! };
  if (Status.startsWith('delet'))
    return { status: 'failed', reason: `import ${ImportTaskId} ended: ${StatusMessage ?? 'EC2 gives no reason'}` };
  return { status: 'active', ...(Progress ? { progress: `${Progress}%` } : {}) };
}

const tagOf = ({ key, value }: { key: string; value: string }): Tag => ({ Key: key, Value: value });

async function tag(client: EC2Client, imageId: string, { name, tags }: ImageSpec) {
  const { Images = [] } = await client.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  const snapshots = (Images[0]?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
  const named = tags.some(({ key }) => key === 'Name') ? [] : [{ key: 'Name', value: name }];
  const Tags = [...tags, ...named, { key: IMAGE_TAG, value: imageId }].map(tagOf);
  await client.send(new CreateTagsCommand({ Resources: [imageId, ...snapshots], Tags }));
}
