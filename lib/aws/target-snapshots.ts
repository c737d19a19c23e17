import type { KMSClient } from '@aws-sdk/client-kms';
import type { Snapshots } from '../snapshots.ts';
import { keyArn } from './key-arn.ts';

/** Snapshots that are opened when they are first needed, most functions never need them; and whose keys may be named as SMS names them. */
export function targetSnapshots(open: () => Promise<Snapshots>, kms: KMSClient): Snapshots {
  let opening: Promise<Snapshots> | undefined;
  const opened = () => {
    opening ??= open().catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    async start(spec) {
      const { kmsKeyArn: key } = spec;
      return (await opened()).start(key ? { ...spec, kmsKeyArn: await keyArn(kms, key) } : spec);
    },
    put: async (...block) => (await opened()).put(...block),
    complete: async (id, seal) => (await opened()).complete(id, seal),
    state: async (id) => (await opened()).state(id),
    async *list(id) {
      yield* (await opened()).list(id);
    },
    async *changed(first, second) {
      yield* (await opened()).changed(first, second);
    },
    read: async (...block) => (await opened()).read(...block),
    remove: async (id) => (await opened()).remove(id),
  };
}
