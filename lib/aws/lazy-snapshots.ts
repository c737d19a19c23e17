import type { Snapshots } from '../snapshots.ts';

/** Snapshots that are opened at their first use: a function that never needs them pays nothing for them. */
export function lazySnapshots(open: () => Promise<Snapshots>): Snapshots {
  let opened: Promise<Snapshots> | undefined;
  const snapshots = () => {
    opened ??= open();
    return opened;
  };
  return {
    start: async (spec) => (await snapshots()).start(spec),
    put: async (...block) => (await snapshots()).put(...block),
    complete: async (...seal) => (await snapshots()).complete(...seal),
    state: async (id) => (await snapshots()).state(id),
    list: async function* (id) {
      yield* (await snapshots()).list(id);
    },
    changed: async function* (first, second) {
      yield* (await snapshots()).changed(first, second);
    },
    read: async (...block) => (await snapshots()).read(...block),
    remove: async (id) => (await snapshots()).remove(id),
  };
}
