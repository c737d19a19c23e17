import { deviceName } from '../../lib/domain/template.ts';
import type { ImageDisk, ImageSpec } from '../../lib/ports.ts';

/** What every image has. */
export const HARDWARE: Pick<ImageSpec, 'architecture' | 'virtualizationType' | 'enaSupport' | 'rootDeviceName'> = {
  architecture: 'x86_64',
  virtualizationType: 'hvm',
  enaSupport: true,
  rootDeviceName: '/dev/sda1',
};

export const imageDisk = (
  index: number,
  { snapshotId, sizeGiB = 1 }: { snapshotId: string; sizeGiB?: number },
): ImageDisk => ({
  deviceName: deviceName(index),
  snapshotId,
  sizeGiB,
  bytes: sizeGiB * 2 ** 30,
  deleteOnTermination: false,
});
