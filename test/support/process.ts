import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { connect, type Endpoint } from '../../lib/cli/endpoint.ts';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'rehost.ts');

export interface Running {
  readonly child: ChildProcess;
  readonly endpoint: Endpoint;
  /** Ends the process at once, as a power cut would, and waits for its end. */
  kill(): Promise<void>;
}

/** `rehost up` as a process of its own on a free port, once it printed its lines. */
export async function up(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, [BIN, 'up', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let text = '';
  let errors = '';
  child.stderr!.on('data', (data) => {
    errors += data;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (data) => {
      text += data;
      if (/AWS_REGION=.*\n/.test(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`rehost up ended: ${errors}`)));
  });
  const lines = Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  return {
    child,
    endpoint: connect({
      url: lines.AWS_ENDPOINT_URL!,
      region: lines.AWS_REGION!,
      credentials: { accessKeyId: lines.AWS_ACCESS_KEY_ID!, secretAccessKey: lines.AWS_SECRET_ACCESS_KEY! },
    }),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** `rehost connector` as a process of its own, once it is at work. */
export async function connectorProcess(
  args: readonly string[],
): Promise<Omit<Running, 'endpoint'> & { connectorId: string }> {
  const child = spawn(process.execPath, [BIN, 'connector', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let errors = '';
  child.stderr!.on('data', (data) => {
    errors += data;
  });
  const connectorId = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (data) => resolve(/connector (c-\w+)/.exec(String(data))?.[1] ?? String(data)));
    child.once('exit', () => reject(new Error(`rehost connector ended: ${errors}`)));
  });
  return {
    child,
    connectorId,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a command of `rehost` to its end. */
export function rehost(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}
