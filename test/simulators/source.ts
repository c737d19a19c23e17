import { imagesSource } from '../../lib/connector/images-source.ts';
import type { Disk, Point, Source, VmId } from '../../lib/connector/source.ts';

/** A folder of images that behaves as a hypervisor might. */
export interface SimulatedSource extends Source {
  /** Servers that were frozen by one call, call by call. */
  readonly frozen: readonly (readonly VmId[])[];
  /** Reads wait from now on, until the function that is answered is called. */
  hold(): () => void;
}

export interface Behaviour {
  /** Milliseconds between the instants of two servers that are frozen together. */
  readonly skew?: number;
  /** Servers that cannot be frozen. */
  readonly failing?: readonly VmId[];
  readonly batch?: boolean;
  /** Servers of which it is known whether they were quiesced. */
  readonly quiesced?: Readonly<Record<VmId, boolean>>;
}

export function simulatedSource(
  folder: string,
  { skew = 0, failing = [], batch = false, quiesced = {} }: Behaviour = {},
): SimulatedSource {
  const images = imagesSource(folder);
  const frozen: (readonly VmId[])[] = [];
  let gate: Promise<void> = Promise.resolve();
  const gated = (disk: Disk): Disk => ({
    key: disk.key,
    size: disk.size,
    allocated: () => disk.allocated(),
    changedSince: (changeId) => disk.changedSince(changeId),
    async read(offset, into) {
      await gate;
      await disk.read(offset, into);
    },
  });
  const simulated = (point: Point, at = point.at): Point => ({
    ref: point.ref,
    server: point.server,
    at,
    ...(quiesced[point.server] === undefined ? {} : { quiesced: quiesced[point.server]! }),
    disks: async () => (await point.disks()).map(gated),
    verify: () => point.verify(),
    close: () => point.close(),
    release: () => point.release(),
  });
  return {
    frozen,
    hold() {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    manager: images.manager,
    capabilities: { ...images.capabilities, batch },
    inventory: () => images.inventory(),
    check: (server) => images.check(server),
    async freeze(servers, options) {
      frozen.push(servers);
      const bad = servers.find((server) => failing.includes(server));
      if (bad) throw new Error(`server ${bad} cannot be frozen, on purpose`);
      const points = await images.freeze(servers, options);
      const first = points[0]?.at ?? 0;
      return points.map((point, index) => simulated(point, first + index * skew));
    },
    async reopen(ref) {
      const point = await images.reopen(ref);
      return point && simulated(point);
    },
  };
}
