import { statSync } from 'node:fs';
import { imagesSource } from './images-source.ts';
import type { Source } from './source.ts';

/** A source that was written wrongly or is not there. */
export class SourceSpecError extends Error {
  override readonly name = 'SourceSpecError';
}

const KINDS: Readonly<Record<string, (place: string) => Source>> = {
  images(folder) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new SourceSpecError(`source images:${folder}: no such folder`);
    return imagesSource(folder);
  },
};

/** Opens the source that `KIND:PLACE` names, for example `images:/srv/disks`. Throws SourceSpecError. */
export function openSource(spec: string): Source {
  const [, kind = '', place = ''] = /^([a-z]+):(.+)$/.exec(spec) ?? [];
  const open = KINDS[kind];
  if (!open)
    throw new SourceSpecError(
      `source ${spec}: give KIND:PLACE, where KIND is one of ${Object.keys(KINDS).join(', ')}; for example images:/srv/disks`,
    );
  return open(place);
}
