/**
 * The slow proof of durability: `npm run test:chaos`, about two minutes; with `--short` less than one, as CI runs it. First processes that end themselves,
 * one at each commit point, then one that is killed at random moments while 200 executions are under way. In the end each execution must have the right
 * output and a history without gaps, and no token must have been taken twice.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WORKER = join(import.meta.dirname, 'support', 'crash-worker.ts');
const SHORT = process.argv.includes('--short');
/** Kills while the 200 executions run. */
const KILLS = SHORT ? 10 : 60;
const LIVE = 200;
/** Executions that run in each process which ends itself. */
const FEW = SHORT ? 2 : 5;
/** Such processes at the same time: most of their time they wait. */
const AT_ONCE = 6;

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

/** Ends a process at this commit, and lets another go on; false when there is no such commit. */
async function killedAt(when: 'before' | 'after', at: number): Promise<boolean> {
  const file = join(folder, `${when}-${at}.db`);
  const first = await work([file, String(FEW), `${when}:${at}`]);
  ended(first.signal ? await work([file, String(FEW), 'none']) : first, `killed ${when} commit ${at}`);
  return first.signal !== null;
}

async function everyCommit(when: 'before' | 'after') {
  let [next, last] = [1, Number.POSITIVE_INFINITY];
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let at = next++; at < last; at = next++) if (!(await killedAt(when, at))) last = Math.min(last, at);
  });
  await Promise.all(workers);
  console.log(`killed ${when} each of ${last - 1} commits: all ended as they should`);
}

async function random() {
  const file = join(folder, 'random.db');
  for (let kills = 0; kills < KILLS; ) {
    const death = await work([file, String(LIVE), 'none'], 250 + Math.random() * 900);
    if (death.signal) kills++;
    if (death.signal) continue;
    ended(death, `after ${kills} kills`);
    console.log(`all ${LIVE} had ended after ${kills} kills; begun anew`);
    for (const part of ['', '-wal', '-shm']) rmSync(`${file}${part}`, { force: true });
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
