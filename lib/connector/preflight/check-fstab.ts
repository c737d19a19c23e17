import { type FileSystem, textOf } from './file-system.ts';
import { type Draft, needsImport } from './report.ts';

/** Names that a disk has by its place or its controller: in EC2 they are others (nvme0n1). Those of mappings and by UUID or label stay. */
const BY_PLACE = /^\/dev\/((sd|vd|xvd|hd)[a-z]+\d*|disk\/by-(path|id)\/.*)$/;

/** Whether file systems are named so that they are found on other controllers. */
export async function checkFstab(root: FileSystem, draft: Draft): Promise<void> {
  const text = await textOf(root, '/etc/fstab');
  if (text === undefined) return void draft.notes.push('there is no /etc/fstab');
  const entries = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([device = '']) => device !== '' && !device.startsWith('#'));
  const byPlace = entries.filter(([device = '']) => BY_PLACE.test(device));
  const fatal = byPlace.filter(
    ([, mount = '', type, options = '']) => type !== 'swap' && mount !== 'none' && !isOptional(options),
  );
  draft.facts.push(`fstab: ${entries.length} entries, ${byPlace.length} of them by device name`);
  if (fatal.length > 0)
    draft.findings.push(
      needsImport(
        'FstabByDeviceName',
        `/etc/fstab mounts ${fatal.map(([device, mount]) => `${device} on ${mount}`).join(', ')}, and the disks have other names in EC2; name them by UUID (blkid tells it)`,
      ),
    );
  for (const [device, mount] of byPlace.filter((entry) => !fatal.includes(entry)))
    draft.notes.push(
      `/etc/fstab names ${device} (${mount}) by its device; it will not be found, which does not stop the start`,
    );
}

const isOptional = (options: string) => options.split(',').some((option) => option === 'nofail' || option === 'noauto');
