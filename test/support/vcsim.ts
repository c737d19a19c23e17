import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCES = join(import.meta.dirname, '..', 'simulators', 'vcsim');
const GOVMOMI = '/usr/share/gocode/src/github.com/vmware/govmomi/simulator';

/** Why there is no vCenter simulator here; undefined where there is. */
export const missingVcsim: string | undefined = spawnSync('go', ['version']).error
  ? 'there is no go (apt-get install golang-go)'
  : existsSync(GOVMOMI)
    ? undefined
    : 'there is no govmomi (apt-get install golang-github-vmware-govmomi-dev)';

export const USER = 'rehost@vsphere.local';
export const PASSWORD = 's3cret & <co>';

/** What the simulator's control tells of a virtual machine. */
export interface SimulatedVm {
  readonly id: string;
  /** Files of its disks. */
  readonly disks: readonly string[];
  /** Names of its snapshots. */
  readonly snapshots: readonly string[];
}

export interface Vcsim {
  readonly url: string;
  /** SHA-256 of its certificate. */
  readonly pin: string;
  /** A folder with `password` (mode 0600) and `ca.pem`. */
  readonly folder: string;
  /** A source's address, with options of it. */
  spec(options?: string): string;
  /** Changes a virtual machine, and tells of it. */
  vm(name: string, change?: object): Promise<SimulatedVm>;
  /** Writes as the guest would. */
  write(vm: string, offset: number, data: Buffer | string, disk?: number): Promise<void>;
  control(path: string, body?: unknown): Promise<unknown>;
  /** Calls by method, and requests by the first part of their path, since it was last asked. */
  counts(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** Builds the simulator, once for all tests and as long as its sources stay as they are. */
export function buildVcsim(): string {
  const hash = createHash('sha256');
  for (const name of (readdirSync(SOURCES, { recursive: true }) as string[]).sort())
    if (/\.(go|sh)$/.test(name)) hash.update(name).update(readFileSync(join(SOURCES, name)));
  const folder = join(tmpdir(), `rehost-vcsim-${hash.digest('hex').slice(0, 12)}`);
  const program = join(folder, 'vcsim');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(program))
    execFileSync('sh', [join(SOURCES, 'build.sh'), program], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

export async function startVcsim(...options: readonly string[]): Promise<Vcsim> {
  // Its datastores are folders that it makes for itself.
  const folder = mkdtempSync(join(tmpdir(), 'rehost-vcsim-run-'));
  const child = spawn(buildVcsim(), options, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  const { url, control, certificate } = await firstLine(child);
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'ca.pem'), certificate!);
  const post = async (path: string, body: string | Uint8Array<ArrayBuffer>) => {
    const answer = await fetch(control + path, { method: 'POST', body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${text}`);
    return JSON.parse(text);
  };
  const vcsim: Vcsim = {
    url: url!,
    pin: new X509Certificate(certificate!).fingerprint256.replaceAll(':', ''),
    folder,
    spec: (more = `ca=${join(folder, 'ca.pem')}`) =>
      `vsphere:${url}/?user=${USER}&password-file=${join(folder, 'password')}&${more}`,
    vm: (name, change = {}) => post('/vm', JSON.stringify({ VM: name, ...change })),
    write: (vm, offset, data, disk = 0) =>
      post(`/write?vm=${vm}&disk=${disk}&offset=${offset}`, typeof data === 'string' ? data : new Uint8Array(data)),
    control: (path, body = {}) => post(path, JSON.stringify(body)),
    counts: () => post('/counts', '{}'),
    async stop() {
      child.stdin!.end();
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return vcsim;
}

async function firstLine(child: ChildProcess): Promise<Record<string, string>> {
  let text = '';
  for await (const part of child.stdout!) {
    text += part;
    if (text.includes('\n')) return JSON.parse(text);
  }
  throw new Error('the simulator ended before it was ready');
}
