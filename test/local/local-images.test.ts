import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FileSnapshots, openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { type LocalImage, localImages } from '../../lib/local/local-images.ts';
import { openRows, type Rows } from '../../lib/local/rows.ts';
import type { ImageSpec, Images } from '../../lib/ports.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { CLOCK } from '../replication/data-centre.ts';

let folder: string;
let snapshots: FileSnapshots;
let rows: Rows<LocalImage>;
let images: Images;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock: CLOCK });
  rows = openRows<LocalImage>(join(folder, 'images.db'), 'image');
  let count = 0;
  images = localImages(rows, { snapshots, newId: (prefix) => `${prefix}-${++count}` });
});
afterEach(async () => {
  rows.close();
  await snapshots.close();
  rmSync(folder, { recursive: true });
});

/** A snapshot of one block of that text. */
async function snapshot(text: string, { parent, seal = true }: { parent?: string; seal?: boolean } = {}) {
  const spec = { sizeGiB: 1, token: text, tags: {}, timeoutMinutes: 60, ...(parent === undefined ? {} : { parent }) };
  const { id } = await snapshots.start(spec);
  const block = Buffer.alloc(BLOCK_SIZE, text);
  const digest = createHash('sha256').update(block).digest();
  await snapshots.put(id, text.length, block, digest);
  const linear = createHash('sha256').update(digest).digest();
  if (seal) await snapshots.complete(id, { written: 1, linear });
  return id;
}

const specOf = (name: string, ...ids: string[]): ImageSpec => ({
  name,
  description: 'SMS ReplicationJobId = sms-job-1 ReplicationRunId = sms-run-1',
  architecture: 'x86_64',
  virtualizationType: 'hvm',
  bootMode: 'uefi',
  enaSupport: true,
  rootDeviceName: '/dev/sda1',
  disks: ids.map((snapshotId, position) => ({
    deviceName: ['/dev/sda1', '/dev/sdb'][position]!,
    snapshotId,
    sizeGiB: 1,
    bytes: 2 ** 30,
    deleteOnTermination: false,
  })),
  tags: [{ key: 'SMSJobId', value: 'sms-job-1' }],
});

describe('register', () => {
  test('keeps all that the image is to be, and answers the same image to a repeat', async () => {
    const spec = specOf('web1', await snapshot('boot'), await snapshot('data'));
    const { imageId } = await images.register(spec);
    expect(rows.get(imageId)).toEqual({ imageId, spec });
    expect(await images.register(spec)).toEqual({ imageId });
    expect(await images.exists(imageId)).toBe(true);
  });

  test('fails for a name that another image has', async () => {
    await images.register(specOf('web1', await snapshot('boot')));
    await expect(images.register(specOf('web1', await snapshot('other')))).rejects.toMatchObject({
      name: 'ImageNameTakenError',
      message: 'image name web1 belongs to ami-1, which is made of other snapshots',
    });
  });

  test('fails for a snapshot that is not completed, or gone', async () => {
    const pending = await snapshot('boot', { seal: false });
    await expect(images.register(specOf('web1', pending))).rejects.toMatchObject({ name: 'SnapshotNotReadyError' });
    await snapshots.remove(pending);
    await expect(images.register(specOf('web1', pending))).rejects.toThrow(`snapshot ${pending} is gone`);
  });
});

test('import fails by name: conversion needs AWS', async () => {
  expect(images.finalizers()).toEqual(['register']);
  await expect(images.import(specOf('web1', await snapshot('boot')))).rejects.toMatchObject({
    name: 'ConversionNeedsAwsError',
    message: expect.stringContaining('conversion and licences need AWS; leave licenseType out, or set it to BYOL'),
  });
});

describe('deregister', () => {
  test('leaves nothing behind', async () => {
    const { imageId } = await images.register(specOf('web1', await snapshot('boot'), await snapshot('data')));
    expect(snapshots.storedBytes()).toBe(2 * BLOCK_SIZE);
    await images.deregister(imageId, { keepSnapshotIds: [] });
    expect(await images.exists(imageId)).toBe(false);
    expect(rows.all()).toEqual([]);
    expect(snapshots.storedBytes()).toBe(0);
    await images.deregister(imageId, { keepSnapshotIds: [] });
  });

  test('keeps the snapshots that a next run builds on, and what they inherited', async () => {
    const first = await snapshot('boot');
    const second = await snapshot('second', { parent: first });
    const { imageId } = await images.register(specOf('web1', first));
    const { imageId: newest } = await images.register(specOf('web1 again', second));
    await images.deregister(imageId, { keepSnapshotIds: [second] });
    expect(await snapshots.state(first)).toBeUndefined();
    expect(snapshots.storedBytes()).toBe(2 * BLOCK_SIZE);
    await images.deregister(newest, { keepSnapshotIds: [second] });
    expect(await snapshots.state(second)).toBe('completed');
  });
});
