import { resolve } from 'node:path';
import { EXPORT_FORMATS, type ExportFormat, exportDisk } from '../local/export-disk.ts';
import { type ImageFolder, openImageFolder } from '../local/image-folder.ts';
import type { ImageDisk } from '../ports.ts';
import { type Command, UsageError } from './command.ts';
import { IMAGE, imageOf, STOPPED_DATA } from './image-of.ts';

const MIB = 2 ** 20;

/** Writes a disk of an image into a file. Works in the data folder itself, so no service may run in it. */
export const exportImage: Command = {
  arguments: [IMAGE],
  options: {
    output: { type: 'string', value: 'FILE', required: true, text: 'the file to write' },
    format: { type: 'string', value: EXPORT_FORMATS.join('|'), default: 'raw', text: 'the format of the file' },
    disk: {
      type: 'string',
      value: 'NUMBER',
      default: '1',
      text: 'which disk of the image; 1 is the one it boots from',
    },
    data: STOPPED_DATA,
  },
  examples: [{ line: 'rehost export ami-0123456789abcdef0 --format qcow2 --output disk.qcow2' }],
  async run({ values, positionals: [imageId] }) {
    const { output, data } = values as { output: string; data: string };
    const format = formatOf(values.format as string);
    const folder = await openImageFolder(resolve(data));
    try {
      const disk = diskOf(imageId!, values.disk as string, folder);
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
