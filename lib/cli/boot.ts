import { resolve } from 'node:path';
import type { BootOptions } from '../local/boot/boot-image.ts';
import { openImageFolder } from '../local/image-folder.ts';
import { type Command, UsageError } from './command.ts';
import { IMAGE, imageOf, STOPPED_DATA } from './image-of.ts';

/** Starts an image in QEMU, without changing it, to see whether it comes up. Works in the data folder itself, so no service may run in it. */
export const boot: Command = {
  arguments: [IMAGE],
  options: {
    expect: {
      type: 'string',
      value: 'TEXT',
      text: 'it is up when its console shows this text; unless told, when it asks for a login',
    },
    timeout: { type: 'string', value: 'SECONDS', default: '300', text: 'how long it has for that' },
    screenshot: { type: 'string', value: 'FILE', text: 'writes its screen at the end into this file, as PNG' },
    memory: { type: 'string', value: 'MIB', default: '2048', text: 'its memory' },
    accel: {
      type: 'string',
      value: 'tcg|kvm',
      default: 'tcg',
      text: 'who executes it: QEMU itself, on any machine, or the processor, which needs /dev/kvm',
    },
    data: STOPPED_DATA,
  },
  notes: [
    'Exit status 0: it is up. 1: it did not come up. It needs qemu-system-x86_64, and OVMF for images that start by UEFI.',
  ],
  examples: [{ line: 'rehost boot ami-0123456789abcdef0 --screenshot screen.png' }],
  async run({ values, positionals: [imageId] }) {
    const options = optionsOf(values);
    const folder = await openImageFolder(resolve(values.data as string));
    try {
      const { bootImage } = await import('../local/boot/boot-image.ts');
      const { booted, reason, seconds, lines, noScreenshot } = await bootImage(
        imageOf(imageId!, folder),
        options,
        folder.snapshots,
      );
      for (const line of lines) console.log(`  | ${line}`);
      if (noScreenshot) console.log(`There is no screenshot: ${noScreenshot}`);
      else if (options.screenshot) console.log(`Its screen is in ${options.screenshot}.`);
      console.log(`${imageId} ${booted ? 'is up' : 'did not come up'}: ${reason} (${seconds.toFixed(1)} s)`);
      return booted ? 0 : 1;
    } finally {
      await folder.close();
    }
  },
};

function optionsOf(values: Readonly<Record<string, unknown>>): BootOptions {
  const { expect, screenshot, accel } = values as { expect?: string; screenshot?: string; accel: string };
  if (accel !== 'tcg' && accel !== 'kvm') throw new UsageError(`--accel ${accel}: give tcg or kvm`);
  if (expect === '') throw new UsageError('--expect needs a text');
  return {
    seconds: numberOf('timeout', values.timeout),
    memoryMiB: numberOf('memory', values.memory),
    accelerator: accel,
    ...(expect === undefined ? {} : { expect }),
    ...(screenshot === undefined ? {} : { screenshot: resolve(screenshot) }),
  };
}

function numberOf(name: string, value: unknown): number {
  if (/^[1-9]\d{0,6}$/.test(String(value))) return Number(value);
  throw new UsageError(`--${name} ${value}: give a whole number`);
}
