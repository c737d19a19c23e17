import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { damaged } from './formats/part.ts';
import { missingProgram, type QemuImage } from './qemu-nbd.ts';

/** Statuses of `qemu-img check`: all well, and clusters that nothing refers to, which harm no reader. Source: qemu-img(1). */
const WHOLE = [0, 3];
/** Milliseconds: it reads the tables of an image only. */
const TIME_LIMIT = 10 * 60_000;
/** Characters of its complaints that are kept. */
const COMPLAINT = 1_000;

interface QemuImgOptions {
  /** An open file that it finds as `/dev/fd/3`. */
  readonly fd?: number;
  /** Milliseconds after which it is killed; without, it takes what it takes. */
  readonly timeLimit?: number;
}

/** Runs qemu-img to its end. Rejects with ENOENT where it is not installed. */
export async function qemuImg(
  args: readonly string[],
  { fd, timeLimit }: QemuImgOptions = {},
): Promise<{ status: number | null; complaint: string }> {
  const child = spawn('qemu-img', args, {
    stdio: ['ignore', 'ignore', 'pipe', ...(fd === undefined ? [] : [fd])],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  let complaint = '';
  child.stderr!.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(0, COMPLAINT);
  });
  const timer = timeLimit === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), timeLimit);
  const [status] = await once(child, 'close').finally(() => clearTimeout(timer));
  return { status, complaint: complaint.trim() };
}

/** Has qemu-img check the tables of an image. Throws UnsupportedDiskError, MissingProgramError. */
export async function checkWithQemuImg({ file, driver }: QemuImage): Promise<void> {
  const disk = { driver, backing: null, file: { driver: 'file', filename: '/dev/fd/3' } };
  const { status, complaint } = await qemuImg(['check', '--output=json', `json:${JSON.stringify(disk)}`], {
    fd: file.handle.fd,
    timeLimit: TIME_LIMIT,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw missingProgram('qemu-img', file.path);
    throw error;
  });
  if (status !== null && WHOLE.includes(status)) return;
  throw damaged(file, `is corrupt, qemu-img check says (status ${status}): ${complaint.split('\n')[0]}`);
}
