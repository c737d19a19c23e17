import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '..', '..', '..', 'bin', 'rehost.ts');

export interface EngineProcess {
  readonly url: string;
  readonly folder: string;
  readonly child: ChildProcess;
  /** Ends the process at once, as a power cut would. */
  kill(): Promise<void>;
  /** Ends the process and deletes its folder. */
  end(): Promise<void>;
}

/** `rehost engine` as a process of its own on a free port, once it listens. */
export async function engineProcess(
  env: NodeJS.ProcessEnv = {},
  folder = mkdtempSync(join(tmpdir(), 'rehost-')),
): Promise<EngineProcess> {
  const child = spawn(process.execPath, [BIN, 'engine', '--port', '0', '--data', folder, '--auth', 'none'], {
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve) => child.stdout!.once('data', (data) => resolve(String(data))));
  return {
    url: /http\S+/.exec(line)![0],
    folder,
    child,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async end() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
