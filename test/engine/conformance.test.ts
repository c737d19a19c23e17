import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** What AWS answered, recorded; outside the project, so it may be absent. */
const CASES = join(import.meta.dirname, '..', '..', '..', 'shared', 'conformance', 'step-functions');
const BIN = join(import.meta.dirname, '..', '..', 'bin', 'rehost.ts');
/** Percent of the recorded cases: a ratchet, never lowered. */
const BARS = { outcome: 99.5, historyTypes: 98, historyFull: 95 };

const present = existsSync(join(CASES, 'run.mjs'));
if (!present)
  console.warn('conformance: the recorded cases (../shared/conformance) are absent; the ratchet is skipped');

(present ? test : test.skip)(
  'the engine answers as AWS did',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    const lambdaPort = String(await freePort());
    const env = { ...process.env, AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${lambdaPort}` };
    const engine = spawn(process.execPath, [BIN, 'engine', '--port', '0', '--data', folder, '--auth', 'none'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const url = await new Promise<string>((resolve) =>
        engine.stdout.once('data', (line) => resolve(/http\S+/.exec(String(line))![0])),
      );
      const output = await run(['--endpoint', url, '--skip-slow', '--lambda-port', lambdaPort]);
      const [, outcome, , , historyTypes, historyFull] = /^TOTAL.*$/m.exec(output)![0].split('|').map(percentOf);
      expect(outcome).toBeGreaterThanOrEqual(BARS.outcome);
      expect(historyTypes).toBeGreaterThanOrEqual(BARS.historyTypes);
      expect(historyFull).toBeGreaterThanOrEqual(BARS.historyFull);
    } finally {
      engine.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);

/** A port that was free a moment ago, for the runner's own functions. */
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    }),
  );
}

/** `166/168 99%` → 98.8. */
function percentOf(cell: string): number {
  const [, part, whole] = /(\d+)\/(\d+)/.exec(cell) ?? [];
  return (100 * Number(part)) / Number(whole);
}

function run(args: readonly string[]): Promise<string> {
  const runner = spawn(process.execPath, [join(CASES, 'run.mjs'), ...args], {
    cwd: CASES,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  runner.stdout.on('data', (data) => {
    output += data;
  });
  return new Promise((resolve) => runner.once('close', () => resolve(output)));
}
