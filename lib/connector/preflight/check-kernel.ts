import { MissingProgramError } from '../source.ts';
import { type FileSystem, textOf } from './file-system.ts';
import { pathsInInitramfs } from './initramfs.ts';
import { type Draft, needsImport, unsupported } from './report.ts';

/** Where kernels are: a folder of a file system. */
export interface Boot {
  readonly files: FileSystem;
  readonly folder: string;
}

/** Names of the initial file system of a kernel: Debian's, Red Hat's, SUSE's, Arch's. */
const INITIAL = ['initrd.img-VERSION', 'initramfs-VERSION.img', 'initrd-VERSION', 'initrd.img-VERSION.img'];
/** Bytes of an initial file system at most; those with firmware for everything have a quarter of it. A hole may be said to be as large as one likes. */
const MAX_INITIAL = 2 ** 29;
const NVME = /(^|\/)nvme(-core)?\.ko(\.(xz|gz|zst))?$/;
const ENA = /(^|\/)ena\.ko(\.(xz|gz|zst))?$/;

/** The kernels that a folder has, the newest first. */
export async function kernelsIn({ files, folder }: Boot): Promise<string[]> {
  const names = (await files.list(folder)).filter((name) => name.startsWith('vmlinuz-') && !name.includes('rescue'));
  const order = new Intl.Collator('en', { numeric: true });
  return names.map((name) => name.slice('vmlinuz-'.length)).sort((one, other) => order.compare(other, one));
}

/** Whether the newest kernel, which is the one that starts unless told otherwise, has the drivers of EC2's disks and networks. */
export async function checkKernel(
  boot: Boot,
  { root, draft }: { root: FileSystem | undefined; draft: Draft },
): Promise<void> {
  const [version, ...others] = await kernelsIn(boot);
  if (version === undefined)
    return void draft.findings.push(
      unsupported('NoKernel', 'no kernel was found in /boot (vmlinuz-VERSION); install one'),
    );
  draft.facts.push(`kernel: ${version}${others.length > 0 ? ` (and ${others.length} older)` : ''}`);
  const builtIn = root ? await modulesOf(root, version, 'modules.builtin') : undefined;
  await checkNvme(boot, { version, builtIn, root, draft });
  if (root) await checkEna(root, { version, builtIn, draft });
}

interface Kernel {
  readonly version: string;
  readonly builtIn: string | undefined;
  readonly draft: Draft;
}

/** Folders of a kernel's modules: merged into /usr, and not. */
async function modulesOf(root: FileSystem, version: string, file: string): Promise<string | undefined> {
  for (const folder of ['/lib/modules', '/usr/lib/modules']) {
    const text = await textOf(root, `${folder}/${version}/${file}`);
    if (text !== undefined) return text;
  }
  return undefined;
}

async function checkNvme(boot: Boot, { version, builtIn, root, draft }: Kernel & { root: FileSystem | undefined }) {
  if (builtIn?.split('\n').some((path) => NVME.test(path)))
    return void draft.facts.push('NVMe driver: in the kernel itself');
  const names = await boot.files.list(boot.folder);
  const name = INITIAL.map((form) => form.replace('VERSION', version)).find((one) => names.includes(one));
  const initial = name && (await boot.files.open(`${boot.folder}/${name}`));
  if (!name || !initial)
    return void draft.findings.push(
      needsImport(
        'NoInitramfs',
        `kernel ${version} has no initial file system beside it, and no NVMe driver of its own; make one (update-initramfs -c -k ${version}, or dracut)`,
      ),
    );
  const answer = await nvmeIn(initial);
  if (answer === 'yes') return void draft.facts.push(`NVMe driver: in ${name}`);
  if (answer === 'no')
    return void draft.findings.push(
      needsImport(
        'NoNvmeDriver',
        `${name} has no NVMe driver, and EC2's disks are NVMe; make it anew for all hardware (dracut --no-hostonly --force, or MODULES=most in /etc/initramfs-tools/initramfs.conf and update-initramfs -u)`,
      ),
    );
  const hint = root && (await configuredForAll(root));
  if (hint)
    return void draft.notes.push(`${name} was not looked into (${answer}); ${hint}, so it should have the NVMe driver`);
  draft.findings.push(
    needsImport(
      'InitramfsNotRead',
      `${name} was not looked into: ${answer}; whether it has the NVMe driver is not known`,
    ),
  );
}

/** Or why that is not known. */
async function nvmeIn(initial: Parameters<typeof pathsInInitramfs>[0]): Promise<string> {
  if (initial.size > MAX_INITIAL) return `it has ${initial.size} bytes`;
  let count = 0;
  try {
    for await (const path of pathsInInitramfs(initial)) {
      count++;
      if (NVME.test(path)) return 'yes';
    }
  } catch (error) {
    if (error instanceof MissingProgramError) return error.message;
    return `it is damaged: ${(error as Error).message}`;
  }
  return count > 0 ? 'no' : 'it is of a form that is not known';
}

/** How it is made, where that is for all hardware. */
async function configuredForAll(root: FileSystem): Promise<string | undefined> {
  const debian = await textOf(root, '/etc/initramfs-tools/initramfs.conf');
  return debian && /^\s*MODULES=most/m.test(debian)
    ? '/etc/initramfs-tools/initramfs.conf says MODULES=most'
    : undefined;
}

async function checkEna(root: FileSystem, { version, builtIn, draft }: Kernel) {
  if (builtIn?.split('\n').some((path) => ENA.test(path)) || (await hasEna(root, version)))
    return void draft.facts.push('ENA driver: there');
  draft.findings.push(
    needsImport(
      'NoEnaDriver',
      `kernel ${version} has no driver of EC2's network (ena); install the kernel's extra modules, or a newer kernel (4.9 or later)`,
    ),
  );
}

const DRIVER = 'kernel/drivers/net/ethernet/amazon/ena';

async function hasEna(root: FileSystem, version: string): Promise<boolean> {
  for (const folder of ['/lib/modules', '/usr/lib/modules'])
    for (const place of [DRIVER, 'updates', 'updates/dkms', 'extra', 'weak-updates'])
      if ((await root.list(`${folder}/${version}/${place}`)).some((name) => ENA.test(name))) return true;
  return false;
}
