import type { PointRef, Source, VmId } from '../source.ts';
import { vAppsOf } from './applications.ts';
import { freezeAll } from './freeze.ts';
import { openPoint, type PointOptions, type ReaderChoice } from './frozen-point.ts';
import { serversOf } from './inventory.ts';
import { problemsOf } from './problems.ts';
import { sweepSnapshots } from './sweep.ts';
import { type Vcenter, VimSession } from './vim-session.ts';
import { virtualMachineOf } from './virtual-machine.ts';

export interface VsphereOptions {
  readonly vcenter: Vcenter;
  readonly reader: ReaderChoice;
  /** Marks the snapshots that are ours: one word, the same from start to start, and another for each connector. */
  readonly owner: string;
}

/**
 * `vsphere:URL`, the virtual machines of a vCenter. A server's id is its managed object id (`vm-123`), as SMS has it. A point is a snapshot, which is
 * there from `freeze` to `release`; what changed since is asked of vCenter's changed-block tracking. docs/vsphere.md says what it needs and where it ends.
 */
export async function vsphereSource({ vcenter, reader, owner }: VsphereOptions): Promise<Source> {
  const session = new VimSession(vcenter);
  const { instanceUuid } = await session.content();
  const point: PointOptions = { owner, reader, known: new Set<PointRef>(), freezing: new Set<VmId>() };
  return {
    // SMS wrote it in capitals.
    manager: { id: instanceUuid.toUpperCase(), name: vcenter.url.hostname, type: 'VSPHERE' },
    capabilities: { changeTracking: true, batch: true, quiesce: true, live: true },
    inventory: () => serversOf(session),
    applications: () => vAppsOf(session),
    check: async (server) => problemsOf(session, await virtualMachineOf(session, server), { owner, reader }),
    freeze: (servers, freeze) => freezeAll(session, servers, { freeze, point }),
    reopen: (ref) => openPoint(session, ref, point),
    sweep: (kept) => sweepSnapshots(session, { kept: new Set(kept), point }),
    close: () => session.close(),
  };
}
