import { spawn } from 'node:child_process';
import { describe } from '@jest/globals';
import { type AwsProxy, awsProxy } from '../simulators/aws-proxy.ts';
import { isInstalled } from './programs.ts';

/** An account to test against: moto behind a proxy, or with REHOST_REMOTE=1 the one of the environment. */
export interface AwsAccount {
  /** What every client is made with. */
  readonly config: {
    readonly region: string;
    readonly endpoint?: string;
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Only of the double. */
  readonly proxy?: AwsProxy;
  close(): Promise<void>;
}

/** The suites run against a real account, and remove what they made. */
export const REMOTE = process.env.REHOST_REMOTE === '1';

const missing =
  REMOTE || isInstalled('moto_server')
    ? undefined
    : 'there is no moto_server (pip install "moto[server]"), and REHOST_REMOTE=1 is not set';

const CREDENTIALS = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
const REGION = process.env.AWS_REGION ?? 'us-east-1';

/** A suite that needs AWS or its double; skipped with the reason where there is neither. */
export function describeOnAws(name: string, suite: () => void) {
  if (missing) describe.skip(`${name}: skipped, since ${missing}`, suite);
  else describe(`${name} on ${REMOTE ? 'AWS' : 'moto'}`, suite);
}

/** The same for what only the double can be asked for: faults. */
export function describeOnMoto(name: string, suite: () => void) {
  if (REMOTE) describe.skip(`${name}: skipped, since REHOST_REMOTE=1 is set`, suite);
  else describeOnAws(name, suite);
}

export async function openAws(environment: NodeJS.ProcessEnv = {}): Promise<AwsAccount> {
  if (REMOTE) return { config: { region: REGION }, close: async () => {} };
  const moto = await startMoto(environment);
  const proxy = await awsProxy(moto.url);
  return {
    config: { region: REGION, endpoint: proxy.url, credentials: CREDENTIALS },
    proxy,
    async close() {
      await proxy.close();
      moto.kill();
    },
  };
}

/** moto in a process of its own on a free port. */
async function startMoto(environment: NodeJS.ProcessEnv): Promise<{ url: string; kill(): void }> {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Without its hundreds of default images, in which ours would be lost, and with a check that images are there.
    env: { ...process.env, MOTO_EC2_LOAD_DEFAULT_AMIS: 'false', MOTO_ENABLE_AMI_VALIDATION: 'true', ...environment },
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    const read = (data: Buffer) => {
      text += data;
      const found = /Running on (http:\S+)/.exec(text);
      if (found) resolve(found[1]!);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`moto_server ended: ${text}`)));
  });
  return { url, kill: () => void child.kill('SIGKILL') };
}

/** A name that no other run of the tests uses. */
export const uniqueName = (prefix: string) => `${prefix}-${process.pid}-${Date.now().toString(36)}`;
