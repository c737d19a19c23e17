import { resolve } from 'node:path';
import { EXPORT_FORMATS, type ExportFormat, exportDisk } from '../local/export-disk.ts';
import { type ImageFolder, openImageFolder } from '../local/image-folder.ts';
import type { ImageDisk } from '../ports.ts';
import { type Command, UsageError } from './command.ts';
import { imageOf } from './image-of.ts';

const MIB = 2 ** 20;

/** Writes a disk of an image into a file. Works in the data folder itself, so no service may run in it. */
export const exportImage: Command = {
  usage: 'rehost export IMAGE --output FILE [--format raw|qcow2|vmdk] [--disk 1] [--data .rehost]',
  options: {
    output: { type: 'string' },
    format: { type: 'string', default: 'raw' },
    disk: { type: 'string', default: '1' },
    data: { type: 'string', default: '.rehost' },
  },
  async run({ values, positionals: [imageId] }) {
    if (!imageId) throw new UsageError('name the image, such as ami-0123456789abcdef0');
    const { output, data } = values as { output?: string; data: string };
    if (!output) throw new UsageError('--output is required: the file to write');
    const format = formatOf(values.format as string);
    const folder = await openImageFolder(resolve(data));
    try {
      const disk = diskOf(imageId, values.disk as string, folder);
      const bytes = await exportDisk(disk, { format, output: resolve(output) }, folder.snapshots);
      console.log(
        `${output}: ${disk.deviceName} of ${imageId}, ${disk.bytes} bytes, ${Math.ceil(bytes / MIB)} MiB of them data`,
      );
    } finally {
      await folder.close();
    }
    return 0;
  },
};

function formatOf(value: string): ExportFormat {
  const format = EXPORT_FORMATS.find((one) => one === value);
  if (format) return format;
  throw new UsageError(`--format ${value}: give ${EXPORT_FORMATS.join(', ')}`);
}

function diskOf(imageId: string, disk: string, folder: ImageFolder): ImageDisk {
  const { disks } = imageOf(imageId, folder);
  const found = /^\d+$/.test(disk) ? disks[Number(disk) - 1] : undefined;
  if (found) return found;
  throw new UsageError(`--disk ${disk}: image ${imageId} has disks 1 to ${disks.length}`);
}
