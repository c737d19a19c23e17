import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ImageSpec, Images } from '../../lib/ports.ts';
import { uniqueName } from '../support/aws.ts';
import { HARDWARE, imageDisk } from '../support/image-spec.ts';

export interface OpenImages {
  readonly images: Images;
  /** A completed snapshot of 1 GiB. */
  snapshot(): Promise<string>;
  /** Whether the snapshot is still there. */
  hasSnapshot(snapshotId: string): Promise<boolean>;
  /** A snapshot that is not completed; undefined where there is none. */
  pendingSnapshot?: () => Promise<string>;
  close(): Promise<void>;
}

export function imagesContract(open: () => Promise<OpenImages>) {
  let opened: OpenImages;
  let images: Images;

  beforeAll(async () => {
    opened = await open();
    images = opened.images;
  });
  afterAll(() => opened?.close());

  const spec = (name: string, ...snapshotIds: string[]): ImageSpec => ({
    name,
    description: 'SMS ReplicationJobId = sms-job-1 ReplicationRunId = sms-run-1',
    ...HARDWARE,
    disks: snapshotIds.map((snapshotId, index) => imageDisk(index, { snapshotId })),
    tags: [{ key: 'SMSJobId', value: 'sms-job-1' }],
  });

  describe('an image', () => {
    test('is registered once under its name, and can be launched', async () => {
      const disks = [await opened.snapshot(), await opened.snapshot()];
      const name = uniqueName('contract once');
      const { imageId } = await images.register(spec(name, ...disks));
      expect(imageId).toMatch(/^ami-[0-9a-f]{8,17}$/);
      expect(await images.register(spec(name, ...disks))).toEqual({ imageId });
      expect(await images.exists(imageId)).toBe(true);
      await expect(images.register(spec(name, await opened.snapshot()))).rejects.toMatchObject({
        name: 'ImageNameTakenError',
        message: expect.stringContaining(imageId),
      });
      await images.deregister(imageId, { keepSnapshotIds: [] });
    });

    test('takes its snapshots with it, but for those to keep', async () => {
      const [boot, data] = [await opened.snapshot(), await opened.snapshot()];
      const { imageId } = await images.register(spec(uniqueName('contract keep'), boot, data));
      await images.deregister(imageId, { keepSnapshotIds: [data] });
      expect(await images.exists(imageId)).toBe(false);
      expect([await opened.hasSnapshot(boot), await opened.hasSnapshot(data)]).toEqual([false, true]);
      await images.deregister(imageId, { keepSnapshotIds: [data] });
      expect(await opened.hasSnapshot(data)).toBe(true);
    });

    test('is not there when it never was', async () => {
      expect(await images.exists('ami-0123456789abcdef0')).toBe(false);
      await images.deregister('ami-0123456789abcdef0', { keepSnapshotIds: [] });
    });

    test('is refused without its snapshots, or before they are completed', async () => {
      const gone = { name: 'SnapshotNotReadyError', message: expect.stringContaining('is gone') };
      const name = uniqueName('contract gone');
      await expect(images.register(spec(name, 'snap-0123456789abcdef0'))).rejects.toMatchObject(gone);
      if (!opened.pendingSnapshot) return;
      const pending = { name: 'SnapshotNotReadyError', message: expect.stringContaining('is pending') };
      const snapshotId = await opened.pendingSnapshot();
      await expect(images.register(spec(name, snapshotId))).rejects.toMatchObject(pending);
    });
  });
}
