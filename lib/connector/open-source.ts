import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { VmManagerType } from '../domain/entities.ts';
import { imagesSource } from './images-source.ts';
import { NbdServersFileError } from './nbd-servers-file.ts';
import { nbdSource } from './nbd-source.ts';
import { qemuSource } from './qemu/qemu-source.ts';
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
  qemu: runningGuests,
  nbd: servedDisks,
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

/** Bytes of the path of a Unix socket at most, and of the name that is put behind the folder (a point's folder and its socket). */
const MAX_SOCKET_PATH = 107;
const SOCKET_NAME = '/rehost-000000000000/nbd'.length;

/** `qemu:PLACE[,scratch=FOLDER]`. What guests overwrite while they are copied is kept on disk, where the machine has such a place for temporary files. */
function runningGuests(text: string): Source {
  const [place = '', option] = text.split(/,scratch=/);
  const scratch = option ?? (existsSync('/var/tmp') ? '/var/tmp' : tmpdir());
  const found = statSync(place, { throwIfNoEntry: false });
  if (!found?.isDirectory() && !found?.isSocket())
    throw new SourceSpecError(
      `source qemu:${text}: there is no folder ${place}, and no socket; give the folder of the guests' QMP sockets (NAME.qmp)`,
    );
  if (!statSync(scratch, { throwIfNoEntry: false })?.isDirectory())
    throw new SourceSpecError(`source qemu:${text}: there is no folder ${scratch}; make it, or give another`);
  if (Buffer.byteLength(scratch) + SOCKET_NAME > MAX_SOCKET_PATH)
    throw new SourceSpecError(`source qemu:${text}: the path ${scratch} is too long for a socket; give a shorter one`);
  return qemuSource(place, { scratch });
}

function servedDisks(file: string): Source {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new SourceSpecError(
      `source nbd:${file}: there is no such file; write one that lists servers and their disks`,
    );
  try {
    return nbdSource(file);
  } catch (error) {
    if (error instanceof NbdServersFileError) throw new SourceSpecError(`source nbd:${error.message}`);
    throw error;
  }
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
