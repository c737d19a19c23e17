import {
  ConversionNeedsAwsError,
  ImageNameTakenError,
  type ImageSpec,
  type Images,
  SnapshotNotReadyError,
} from '../ports.ts';
import type { Snapshots } from '../snapshots.ts';
import type { Rows } from './rows.ts';

/** An image as it is kept. One that is being deregistered stays until its snapshots are gone, so that a crash in between leaves nothing for ever. */
export interface LocalImage {
  readonly imageId: string;
  readonly spec: ImageSpec;
}

/** Machine images as rows beside the snapshot store: an image is its disks' snapshots in device order. */
export function localImages(
  rows: Rows<LocalImage>,
  { snapshots, newId }: { snapshots: Snapshots; newId(prefix: string, hexDigits: number): string },
): Images {
  const byName = (name: string) => rows.all().find(({ spec }) => spec.name === name);
  return {
    finalizers: () => ['register'],
    async import({ name }) {
      throw new ConversionNeedsAwsError(
        `image ${name} cannot be converted on this machine: conversion and licences need AWS; leave licenseType out, or set it to BYOL, for an image of the disks as they are`,
      );
    },
    async register(spec) {
      const known = byName(spec.name);
      if (known && JSON.stringify(known.spec) === JSON.stringify(spec)) return { imageId: known.imageId };
      if (known)
        throw new ImageNameTakenError(
          `image name ${spec.name} belongs to ${known.imageId}, which is made of other snapshots`,
        );
      for (const { snapshotId } of spec.disks) {
        const state = await snapshots.state(snapshotId);
        if (state !== 'completed')
          throw new SnapshotNotReadyError(
            `snapshot ${snapshotId} is ${state ?? 'gone'}; an image needs completed snapshots`,
          );
      }
      const imageId = newId('ami', 17);
      rows.put(imageId, { imageId, spec });
      return { imageId };
    },
    exists: async (imageId) => rows.get(imageId) !== undefined,
    async deregister(imageId, { keepSnapshotIds }) {
      const image = rows.get(imageId);
      if (!image) return;
      for (const { snapshotId } of image.spec.disks)
        if (!keepSnapshotIds.includes(snapshotId)) await snapshots.remove(snapshotId);
      rows.remove(imageId);
    },
  };
}
