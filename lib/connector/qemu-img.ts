import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { damaged } from './formats/part.ts';
import { missingProgram, type QemuImage } from './qemu-nbd.ts';

/** Statuses of `qemu-img check`: all well, and clusters that nothing refers to, which harm no reader. Source: qemu-img(1). */
const WHOLE = [0, 3];
/** Milliseconds: it reads the tables of an image only. */
const TIME_LIMIT = 10 * 60_000;

/** Has qemu-img check the tables of an image. Throws UnsupportedDiskError, MissingProgramError. */
export async function checkWithQemuImg({ file, driver }: QemuImage): Promise<void> {
  const disk = { driver, backing: null, file: { driver: 'file', filename: '/dev/fd/3' } };
  const child = spawn('qemu-img', ['check', '--output=json', `json:${JSON.stringify(disk)}`], {
    stdio: ['ignore', 'ignore', 'pipe', file.handle.fd],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  let complaint = '';
  child.stderr!.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(0, 300);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT);
  const [status] = await once(child, 'close')
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw missingProgram('qemu-img', file.path);
      throw error;
    })
    .finally(() => clearTimeout(timer));
  if (WHOLE.includes(status as number)) return;
  throw damaged(file, `is corrupt, qemu-img check says (status ${status}): ${complaint.trim().split('\n')[0]}`);
}
