/**
 * The slow proof of durability: `npm run test:chaos`, some minutes. First a process that ends itself at every commit point in turn, then one that is
 * killed at random moments while 200 executions are under way. In the end each execution must have the right output and a history without gaps.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WORKER = join(import.meta.dirname, 'support', 'crash-worker.ts');
/** Kills while the 200 executions run. */
const KILLS = 40;
const LIVE = 200;

interface Death {
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

const folder = mkdtempSync(join(tmpdir(), 'engine-chaos-'));

function work(args: readonly string[], killAfter?: number): Promise<Death> {
  const worker = spawn(process.execPath, ['--no-warnings', WORKER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  worker.stdout.on('data', (data) => {
    output += data;
  });
  const timer = killAfter === undefined ? undefined : setTimeout(() => worker.kill('SIGKILL'), killAfter);
  return new Promise((resolve) =>
    worker.once('close', (_, signal) => {
      clearTimeout(timer);
      resolve({ signal, output });
    }),
  );
}

function ended({ output }: Death, what: string) {
  const { problems } = JSON.parse(output) as { problems: string[] };
  if (problems.length > 0) throw new Error(`${what}: ${problems.join('\n')}`);
}

/** Ends a process at its first commit, then another at its second, and so on until one has no such commit. */
async function everyCommit(when: 'before' | 'after') {
  for (let at = 1; ; at++) {
    const file = join(folder, `${when}-${at}.db`);
    const first = await work([file, '2', `${when}:${at}`]);
    ended(first.signal ? await work([file, '2', 'none']) : first, `killed ${when} commit ${at}`);
    if (first.signal) continue;
    console.log(`killed ${when} each of ${at - 1} commits: all ended as they should`);
    return;
  }
}

async function random() {
  const file = join(folder, 'random.db');
  for (let kills = 0; kills < KILLS; kills++) {
    const death = await work([file, String(LIVE), 'none'], 300 + Math.random() * 900);
    if (death.signal) continue;
    ended(death, `after ${kills} kills`);
    console.log(`all ${LIVE} had ended after ${kills} kills; begun anew`);
    rmSync(file, { force: true });
  }
  ended(await work([file, String(LIVE), 'none']), `after ${KILLS} kills`);
  console.log(`${LIVE} live executions, ${KILLS} kills at random moments: all ended as they should`);
}

try {
  await everyCommit('before');
  await everyCommit('after');
  await random();
} finally {
  rmSync(folder, { recursive: true });
}
