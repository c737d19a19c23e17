import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Packages of Debian's that the guest is made of, and what grub-mkimage needs to run; the kernel's own name has its version in it. */
const KERNEL = 'linux-image-cloud-amd64';
const OTHERS = ['busybox-static', 'grub-common', 'grub-pc-bin', 'libdevmapper1.02.1'];
/** What the test itself runs, and its packages. */
const PROGRAMS: readonly (readonly [program: string, packageName: string])[] = [
  ['apt-get', 'apt, of Debian'],
  ['dpkg-deb', 'dpkg, of Debian'],
  ['mke2fs', 'e2fsprogs'],
  ['qemu-system-x86_64', 'qemu-system-x86'],
];

/** Why the guest cannot be made here; undefined where it can. */
export function missingForGuest(): string | undefined {
  const missing = PROGRAMS.find(([program]) => spawnSync(program, ['--version']).error);
  if (missing) return `there is no ${missing[0]} (package ${missing[1]})`;
  try {
    kernelPackage();
    return undefined;
  } catch {
    return `apt knows no ${KERNEL} (run apt-get update on a Debian of amd64)`;
  }
}

function kernelPackage(): string {
  const text = execFileSync('apt-cache', ['depends', KERNEL], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [, name] = /Depends: (linux-image-\S+)/.exec(text) ?? [];
  if (!name) throw new Error(`${KERNEL} names no kernel`);
  return name;
}

/** Downloads the packages and unpacks them into one folder, without installing anything; root is not needed. */
export function unpackPackages(folder: string): string {
  const unpacked = join(folder, 'unpacked');
  const downloads = join(folder, 'packages');
  for (const path of [unpacked, downloads]) mkdirSync(path, { recursive: true });
  if (readdirSync(downloads).length <= OTHERS.length)
    execFileSync('apt-get', ['download', '-q', kernelPackage(), ...OTHERS], { cwd: downloads, stdio: 'ignore' });
  for (const name of readdirSync(downloads))
    if (name.endsWith('.deb')) execFileSync('dpkg-deb', ['-x', join(downloads, name), unpacked]);
  if (!existsSync(join(unpacked, 'boot'))) throw new Error('the kernel’s package has no /boot');
  return unpacked;
}
