import type { DiscoveredServer } from '../../ports.ts';
import { inventoryOf } from './properties.ts';
import type { VimSession } from './vim-session.ts';
import { withoutCodes } from './virtual-machine.ts';
import { textOf, type Xml } from './xml.ts';

/** What contains virtual machines, by its id. */
export type Places = ReadonlyMap<string, Place>;

export interface Place {
  readonly type: string;
  /** As vCenter writes it: with %2f for a slash. */
  readonly name: string;
  readonly parent?: string;
}

const CONTAINER = ['name', 'parent'];

export async function placesOf(session: VimSession): Promise<Places> {
  const places = new Map<string, Place>();
  const wanted = { Folder: CONTAINER, Datacenter: CONTAINER, VirtualApp: ['name', 'parentFolder', 'parentVApp'] };
  for await (const { ref, properties } of inventoryOf(session, wanted))
    places.set(ref.id, { type: ref.type, name: textOf(properties.get('name')) ?? ref.id, ...parentIn(properties) });
  return places;
}

function parentIn(properties: ReadonlyMap<string, Xml>): { parent?: string } {
  const parent = ['parent', 'parentFolder', 'parentVApp'].map((name) => textOf(properties.get(name))).find((id) => id);
  return parent ? { parent } : {};
}

/** `/Datacenters/DATACENTER/vm/FOLDER/…/NAME`, from the root folder on: as SMS wrote it. */
export function pathOf(places: Places, name: string, parent: string | undefined): string {
  const names = [name];
  for (let at = parent, steps = 0; at !== undefined && steps < MAX_STEPS; steps++) {
    const place = places.get(at);
    if (place) names.unshift(place.name);
    at = place?.parent;
  }
  return `/${names.join('/')}`;
}

/** Folders within folders: more would be a circle. */
const MAX_STEPS = 64;

/** All virtual machines, without templates. */
export async function* serversOf(session: VimSession): AsyncGenerator<DiscoveredServer> {
  const places = await placesOf(session);
  const wanted = { VirtualMachine: ['name', 'parent', 'parentVApp', 'summary.config.template'] };
  for await (const { ref, properties } of inventoryOf(session, wanted)) {
    if (textOf(properties.get('summary.config.template')) === 'true') continue;
    const name = textOf(properties.get('name')) ?? ref.id;
    yield { vmId: ref.id, vmName: withoutCodes(name), vmPath: pathOf(places, name, parentIn(properties).parent) };
  }
}
