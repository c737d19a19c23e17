import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BootMode } from '../../domain/partition-table.ts';

/** QEMU, or the firmware that an image needs, is not installed. */
export class BootProgramError extends Error {
  override readonly name = 'BootProgramError';
}

/** Where distributions put OVMF: its code, and the variables that a machine begins with. */
const OVMF: readonly (readonly [code: string, variables: string])[] = [
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
  ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
];

/** QEMU's options for the firmware. A machine's own variables are in the folder. Throws BootProgramError. */
export async function firmwareOptions(mode: BootMode, folder: string): Promise<string[]> {
  if (mode === 'legacy-bios') return [];
  const found = OVMF.find(([code, variables]) => existsSync(code) && existsSync(variables));
  if (!found)
    throw new BootProgramError(
      'the image starts by UEFI, for which there is no firmware: install OVMF (Debian package ovmf)',
    );
  const variables = join(folder, 'variables.fd');
  await copyFile(found[1], variables);
  return [
    ...['-drive', `if=pflash,format=raw,readonly=on,file=${found[0]}`],
    ...['-drive', `if=pflash,format=raw,file=${variables}`],
  ];
}
