import { createHash } from 'node:crypto';
import {
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeImportImageTasksCommand,
  type EC2Client,
  ImportImageCommand,
  type ImportImageTask,
} from '@aws-sdk/client-ec2';
import { deviceName } from '../domain/template.ts';
import type { ImageSpec } from '../ports.ts';
import { IMAGE_TAG } from './ec2-images.ts';

/** An image that EC2 is to make ready for itself: drivers, boot loader, network, and AWS's licence for Windows. */
export interface ImageImportSpec extends ImageSpec {
  /** Absent: as the disk says. EC2 does not take `uefi-preferred` here. */
  readonly bootMode?: 'legacy-bios' | 'uefi';
  /** Has to be known for `uefi`, since a snapshot does not tell. */
  readonly platform?: 'Linux' | 'Windows';
  readonly licenseType?: 'AWS' | 'BYOL';
  /** `vmimport` unless told. */
  readonly roleName?: string;
}

export interface ImportProgress {
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  /** 0 to 100. */
  readonly percent: number;
  readonly message?: string;
  /** Once it is completed. */
  readonly imageId?: string;
}

/** Volumes that an import may have. Source: VM Import/Export, limitations. */
const MAX_DISKS = 21;

export class ImportNotPossibleError extends Error {
  override readonly name = 'ImportNotPossibleError';
}

/** Imports of images from snapshots: the same block copies as for RegisterImage, and EC2's own conversion. It takes minutes to an hour. */
export function imageImports(client: EC2Client) {
  return {
    /** Begins the import; the same name begins it once. Throws ImportNotPossibleError. */
    async begin(spec: ImageImportSpec): Promise<{ importTaskId: string }> {
      check(spec);
      const { ImportTaskId } = await client.send(new ImportImageCommand(importOf(spec)));
      return { importTaskId: ImportTaskId! };
    },
    /** How far it is. A completed import's image and its snapshots bear the tags, for EC2 names such images itself. */
    async progress(importTaskId: string, spec: ImageImportSpec): Promise<ImportProgress> {
      const { ImportImageTasks = [] } = await client.send(
        new DescribeImportImageTasksCommand({ ImportTaskIds: [importTaskId] }),
      );
      const progress = progressOf(importTaskId, ImportImageTasks[0]);
      if (progress.imageId) await tag(client, progress.imageId, spec);
      return progress;
    },
  };
}

function check({ name, disks, bootMode, platform, licenseType }: ImageImportSpec) {
  const refused = (why: string) => {
    throw new ImportNotPossibleError(`image ${name} cannot be imported: ${why}`);
  };
  if (disks.length > MAX_DISKS)
    refused(`it has ${disks.length} disks, EC2 imports ${MAX_DISKS} at most; register it instead`);
  if (bootMode === 'uefi' && !platform) refused('EC2 has to be told whether a UEFI guest is Linux or Windows');
  if (bootMode === 'uefi' && licenseType) refused('EC2 sets no licence for UEFI guests; leave licenseType out');
}

const importOf = ({ name, description, disks, bootMode, platform, licenseType, roleName, tags }: ImageImportSpec) => ({
  // The token is the image's name, in the characters that a token may have.
  ClientToken: createHash('sha256').update(name).digest('hex'),
  Architecture: 'x86_64',
  Description: description,
  DiskContainers: disks.map(({ snapshotId }, index) => ({
    SnapshotId: snapshotId,
    DeviceName: deviceName(index),
    Description: `${name}, disk ${index}`,
  })),
  ...(bootMode ? { BootMode: bootMode } : {}),
  ...(platform ? { Platform: platform } : {}),
  ...(licenseType ? { LicenseType: licenseType } : {}),
  ...(roleName ? { RoleName: roleName } : {}),
  TagSpecifications: [{ ResourceType: 'import-image-task' as const, Tags: tags.map(tagOf) }],
});

const tagOf = ({ key, value }: { key: string; value: string }) => ({ Key: key, Value: value });

function progressOf(importTaskId: string, task: ImportImageTask | undefined): ImportProgress {
  const { Status = 'deleted', StatusMessage, Progress, ImageId } = task ?? {};
  const percent = Number.parseInt(Progress ?? '0', 10) || 0;
  if (Status === 'completed') return { status: 'COMPLETED', percent: 100, imageId: ImageId! };
  if (Status === 'deleted' || Status === 'deleting')
    return {
      status: 'FAILED',
      percent,
      message: `import ${importTaskId} failed: ${StatusMessage ?? 'no reason is given'}`,
    };
  return { status: 'IN_PROGRESS', percent, message: StatusMessage ?? Status };
}

async function tag(client: EC2Client, imageId: string, { name, tags }: ImageImportSpec) {
  const { Images = [] } = await client.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  const snapshots = (Images[0]?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
  const Tags = [...tags, { key: 'Name', value: name }, { key: IMAGE_TAG, value: imageId }].map(tagOf);
  await client.send(new CreateTagsCommand({ Resources: [imageId, ...snapshots], Tags }));
}
