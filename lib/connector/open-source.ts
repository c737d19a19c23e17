import { statSync } from 'node:fs';
import type { VmManagerType } from '../domain/entities.ts';
import { imagesSource } from './images-source.ts';
import type { Source } from './source.ts';

/** A source that is written wrongly, or is not there. */
export class SourceSpecError extends Error {
  override readonly name = 'SourceSpecError';
}

const KINDS: Readonly<Record<string, (place: string) => Source>> = {
  images: (folder) => folderOfImages(folder, { kind: 'images', type: 'VSPHERE' }),
  hyperv: (folder) => folderOfImages(folder, { kind: 'hyperv', type: 'HYPERV-MANAGER' }),
};

function folderOfImages(folder: string, { kind, type }: { kind: string; type: VmManagerType }): Source {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new SourceSpecError(`source ${kind}:${folder}: there is no such folder; make it, or give another`);
  if (!found.isDirectory())
    throw new SourceSpecError(`source ${kind}:${folder}: this is a file; give the folder that holds it`);
  return imagesSource(folder, { type });
}

/** Opens the source that `KIND:PLACE` names, for example `images:/srv/disks`. Throws SourceSpecError. */
export function openSource(spec: string): Source {
  const colon = spec.indexOf(':');
  const kind = spec.slice(0, Math.max(colon, 0));
  const place = spec.slice(colon + 1);
  const kinds = Object.keys(KINDS).join(', ');
  if (colon < 0 || !place)
    throw new SourceSpecError(`source "${spec}": write KIND:PLACE, for example images:/srv/disks; kinds: ${kinds}`);
  if (!Object.hasOwn(KINDS, kind))
    throw new SourceSpecError(`source "${spec}": unknown kind "${kind}"; kinds: ${kinds}`);
  return KINDS[kind]!(place);
}
