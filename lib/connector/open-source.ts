import { statSync } from 'node:fs';
import type { VmManagerType } from '../domain/entities.ts';
import { imagesSource } from './images-source.ts';
import type { Source } from './source.ts';
import { SourceSpecError } from './source-spec-error.ts';
import { vsphereSource } from './vsphere/vsphere-source.ts';
import { vsphereOptionsOf } from './vsphere/vsphere-spec.ts';

export { SourceSpecError };

export interface OpenOptions {
  /** Where the connector keeps its state: tells what it left at a source from what others did. */
  readonly stateFolder?: string;
}

/** Checks what can be checked at once, and answers the source, or how it is connected to. */
type Kind = (place: string, options: OpenOptions) => Source | (() => Promise<Source>);

const KINDS: Readonly<Record<string, Kind>> = {
  images: (folder) => folderOfImages(folder, { kind: 'images', type: 'VSPHERE' }),
  hyperv: (folder) => folderOfImages(folder, { kind: 'hyperv', type: 'HYPERV-MANAGER' }),
  vsphere: (place, options) => {
    const vsphere = vsphereOptionsOf(place, options);
    return () => vsphereSource(vsphere);
  },
};

function folderOfImages(folder: string, { kind, type }: { kind: string; type: VmManagerType }): Source {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new SourceSpecError(`source ${kind}:${folder}: there is no such folder; make it, or give another`);
  if (!found.isDirectory())
    throw new SourceSpecError(`source ${kind}:${folder}: this is a file; give the folder that holds it`);
  return imagesSource(folder, { type });
}

/** Opens the source that `KIND:PLACE` names, for example `images:/srv/disks`. Throws SourceSpecError, and what the source itself throws. */
export async function openSource(spec: string, options: OpenOptions = {}): Promise<Source> {
  const source = kindOf(spec, options);
  return typeof source === 'function' ? source() : source;
}

/** Opens all, or none. Throws what `openSource` does. */
export async function openSources(specs: readonly string[], options: OpenOptions): Promise<Source[]> {
  const sources: Source[] = [];
  try {
    for (const spec of specs) sources.push(await openSource(spec, options));
    return sources;
  } catch (error) {
    for (const source of sources) await source.close?.();
    throw error;
  }
}

/** Checks what is written, as far as that can be done without the network. Throws SourceSpecError. */
export function checkSourceSpec(spec: string): void {
  kindOf(spec, {});
}

function kindOf(spec: string, options: OpenOptions): ReturnType<Kind> {
  const colon = spec.indexOf(':');
  const kind = spec.slice(0, Math.max(colon, 0));
  const place = spec.slice(colon + 1);
  const kinds = Object.keys(KINDS).join(', ');
  // An address of the wrong form may have a password in it.
  const shown = spec.replace(/\/\/[^/?]*@/, '//…@');
  if (colon < 0 || !place)
    throw new SourceSpecError(`source "${shown}": write KIND:PLACE, for example images:/srv/disks; kinds: ${kinds}`);
  if (!Object.hasOwn(KINDS, kind))
    throw new SourceSpecError(`source "${shown}": unknown kind "${kind}"; kinds: ${kinds}`);
  return KINDS[kind]!(place, options);
}
