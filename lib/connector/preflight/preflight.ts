import type { BootMode } from '../../domain/partition-table.ts';
import { bootModeOf } from '../../domain/partition-table.ts';
import { checkFstab } from './check-fstab.ts';
import { type Boot, checkKernel, kernelsIn } from './check-kernel.ts';
import { checkNetwork } from './check-network.ts';
import { type ClosedName, type Content, contentOf } from './contents.ts';
import { type FileSystem, type Reader, textOf, UnreadableFileSystemError } from './file-system.ts';
import { logicalVolumes } from './lvm.ts';
import { partitionsOf } from './partitions.ts';
import { type Draft, needsImport, newDraft, type Preflight, preflightOf, unsupported } from './report.ts';

interface Part {
  /** As `disk 1, partition 2`. */
  readonly place: string;
  readonly content: Content;
}

/**
 * Looks at a server's disks, boot disk first, for what keeps it from starting in EC2, and says what that needs. Only reads. What it cannot look into it
 * says, and takes for a need of AWS's own conversion, which looks itself.
 */
export async function preflight(
  disks: readonly Reader[],
  { bootMode }: { bootMode?: BootMode } = {},
): Promise<Preflight> {
  const draft = newDraft();
  const parts: Part[] = [];
  for (const [position, disk] of disks.entries()) parts.push(...(await partsOf(disk, position, { draft, bootMode })));
  try {
    await checkGuest(parts, draft);
  } catch (error) {
    if (!(error instanceof UnreadableFileSystemError)) throw error;
    draft.findings.push(
      unsupported(
        'DamagedFileSystem',
        `a file system cannot be read: ${error.message}; check it (e2fsck -f) in the guest`,
      ),
    );
  }
  return preflightOf(draft);
}

async function partsOf(
  disk: Reader,
  position: number,
  { draft, bootMode }: { draft: Draft; bootMode: BootMode | undefined },
) {
  const name = `disk ${position + 1}`;
  const { table, hasBootCode, partitions } = await partitionsOf(disk);
  if (!table) return partsIn(disk, `the whole of ${name}`);
  const parts: Part[] = [];
  for (const { number, reader } of partitions) parts.push(...(await partsIn(reader, `${name}, partition ${number}`)));
  draft.facts.push(
    `${name}: ${table.scheme.toUpperCase()}; ${parts.map(({ content }) => wordsOf(content)).join(', ') || 'no partitions'}`,
  );
  if (position === 0) await checkFirmware(parts, { draft, mode: bootMode ?? bootModeOf(table), hasBootCode });
  return parts;
}

/** What is in a partition: one thing, or the volumes of LVM. */
async function partsIn(reader: Reader, place: string): Promise<Part[]> {
  const content = await contentOf(reader);
  if (content.kind !== 'closed' || content.name !== 'LVM') return [{ place, content }];
  try {
    const parts: Part[] = [];
    for (const volume of await logicalVolumes(reader))
      parts.push({ place: `${place}, volume ${volume.name}`, content: await contentOf(volume.reader) });
    if (parts.length > 0) return parts;
    return [{ place, content: { ...content, why: 'its volumes are mirrored, striped, thin or snapshots' } }];
  } catch (error) {
    if (!(error instanceof UnreadableFileSystemError)) throw error;
    return [{ place, content: { ...content, why: error.message } }];
  }
}

const wordsOf = (content: Content): string =>
  content.kind === 'files' ? content.files.kind : content.kind === 'closed' ? content.name : content.kind;

interface Firmware {
  readonly draft: Draft;
  readonly mode: BootMode;
  readonly hasBootCode: boolean;
}

/** A machine of EC2's has no memory of how the old one started: UEFI finds the loader that stands where one is looked for. */
async function checkFirmware(parts: readonly Part[], { draft, mode, hasBootCode }: Firmware) {
  draft.facts.push(`firmware: ${mode === 'uefi' ? 'UEFI' : 'BIOS'}`);
  if (mode === 'legacy-bios') {
    if (!hasBootCode)
      draft.findings.push(
        unsupported(
          'NoBootLoader',
          'the first disk has no boot loader in its first sector; install one (grub-install), or put the boot disk first',
        ),
      );
    return;
  }
  for (const { content } of parts)
    if (content.kind === 'files' && content.files.kind === 'fat' && (await content.files.open('/EFI/BOOT/BOOTX64.EFI')))
      return;
  draft.findings.push(
    unsupported(
      'NoFallbackLoader',
      'its EFI system partition has no EFI/BOOT/BOOTX64.EFI, which is all that a new machine starts; copy the loader there (grub-install --removable)',
    ),
  );
}

async function checkGuest(parts: readonly Part[], draft: Draft) {
  if (parts.length === 0)
    draft.findings.push(
      unsupported('NoPartitions', 'the disks have no partition table, or nothing in it; is this a server’s disk?'),
    );
  const systems = parts
    .filter(({ content }) => content.kind === 'files')
    .map(({ content }) => (content as { files: FileSystem }).files);
  for (const files of systems)
    if (files.unclean)
      draft.notes.push('a file system was in use when it was copied: what its journal holds was not seen');
  const root = await first(systems, async (files) => (await files.list('/etc')).length > 0);
  const boot = await bootOf(systems);
  const closed = parts.filter(({ content }) => content.kind === 'closed');
  if (!root) explainClosed(closed, draft);
  if (root) await checkRoot(root, draft);
  if (boot) await checkKernel(boot, { root, draft });
  else if (root)
    draft.findings.push(
      unsupported(
        'NoKernel',
        'no kernel was found in /boot (vmlinuz-VERSION), and no other partition has one; install one',
      ),
    );
  if (root) await checkNetwork(root, { draft, cmdline: boot ? await cmdlineOf(boot, draft) : '' });
}

async function checkRoot(root: FileSystem, draft: Draft) {
  const release = (await textOf(root, '/etc/os-release')) ?? (await textOf(root, '/usr/lib/os-release')) ?? '';
  draft.facts.push(`system: ${/^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? 'not told by /etc/os-release'}`);
  await checkFstab(root, draft);
}

async function first(systems: readonly FileSystem[], is: (files: FileSystem) => Promise<boolean>) {
  for (const files of systems) if (files.kind === 'ext4' && (await is(files))) return files;
  return undefined;
}

/** The kernels are in the root's /boot, or in a partition of their own. */
async function bootOf(systems: readonly FileSystem[]): Promise<Boot | undefined> {
  for (const files of systems)
    for (const folder of ['/boot', '/']) {
      const boot = { files, folder };
      if ((await kernelsIn(boot)).length > 0) return boot;
    }
  return undefined;
}

/** What the boot loader tells the kernel, as far as GRUB's configuration tells it. */
async function cmdlineOf({ files, folder }: Boot, draft: Draft): Promise<string> {
  for (const name of ['grub/grub.cfg', 'grub2/grub.cfg']) {
    const text = await textOf(files, `${folder}/${name}`);
    const lines = text?.match(/^\s*linux(16|efi)?\s.*$/gm);
    if (!lines) continue;
    const byPlace = lines
      .map((line) => /\broot=(\/dev\/(sd|vd|xvd|hd)\S*)/.exec(line)?.[1])
      .find((device) => device !== undefined);
    if (byPlace)
      draft.findings.push(
        needsImport(
          'RootByDeviceName',
          `${name} starts the kernel with root=${byPlace}, and the disk has another name in EC2; name it by UUID (update-grub does unless it is told not to)`,
        ),
      );
    if (!lines.some((line) => /\bconsole=ttyS0\b/.test(line)))
      draft.notes.push(
        'the kernel does not write to the serial console (console=ttyS0): EC2’s console output and `rehost boot` will show little',
      );
    return lines.join('\n');
  }
  draft.notes.push('no configuration of GRUB was found: how the kernel is started was not looked at');
  return '';
}

/** What it means that nothing else could be opened. The first that fits is told. */
const CLOSED: readonly (readonly [ClosedName, (place: string) => ReturnType<typeof needsImport>])[] = [
  [
    'LUKS',
    (place) =>
      unsupported(
        'Encrypted',
        `${place} is encrypted (LUKS): nobody can type its key into a machine in EC2; decrypt it, or have the key fetched at the start`,
      ),
  ],
  [
    'BitLocker',
    (place) => unsupported('Encrypted', `${place} is encrypted (BitLocker); decrypt it before the migration`),
  ],
  [
    'NTFS',
    (place) =>
      needsImport(
        'Windows',
        `${place} has NTFS: Windows needs EC2’s drivers and its licence; use licenseType AWS or BYOL, which converts`,
      ),
  ],
];

function explainClosed(closed: readonly Part[], draft: Draft) {
  for (const [name, finding] of CLOSED) {
    const part = closed.find(({ content }) => content.kind === 'closed' && content.name === name);
    if (part) return void draft.findings.push(finding(part.place));
  }
  const places = closed.map(
    ({ place, content }) =>
      `${place} (${wordsOf(content)}${content.kind === 'closed' && content.why ? `: ${content.why}` : ''})`,
  );
  draft.findings.push(
    needsImport(
      'NotLookedInto',
      places.length > 0
        ? `the root file system is in ${places.join(' or ')}, which is not read here: whether the guest is ready is not known; try \`rehost boot\`, or have it converted`
        : 'no root file system was found; if this is a server’s disk, try `rehost boot`, or have it converted',
    ),
  );
}
