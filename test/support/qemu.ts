import { execFileSync, spawnSync } from 'node:child_process';

/** Why there is no qemu here; undefined where there is. */
export const missingQemu: string | undefined = ['qemu-img', 'qemu-nbd', 'qemu-io']
  .filter((program) => spawnSync(program, ['--version']).error)
  .map((program) => `there is no ${program} (apt-get install qemu-utils)`)[0];

/** Runs qemu-img to its end. Throws when it fails. */
export const qemuImg = (...args: readonly string[]): string =>
  execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Runs commands of qemu-io on an image, such as `write -P 1 0 64k`. */
export const qemuIo = (path: string, format: string, commands: readonly string[]): string =>
  execFileSync('qemu-io', ['-f', format, ...commands.flatMap((command) => ['-c', command]), path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
