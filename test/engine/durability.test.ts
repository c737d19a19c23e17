import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Engine } from '../../lib/engine/engine.ts';
import type { EngineStore } from '../../lib/engine/store.ts';
import { openEngineStore } from '../../lib/local/sqlite-engine-store.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { engineOn } from './support/bed.ts';
import { functions, problemsOf, startAll } from './support/everything.ts';

const COUNT = 2;
const WORKER = join(import.meta.dirname, 'support', 'crash-worker.ts');
let folder: string;
let files = 0;
const newFile = () => join(folder, `${++files}.db`);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engine-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

class Crash extends Error {}

interface Life {
  readonly clock: VirtualClock;
  readonly crash?: { readonly when: 'before' | 'after'; readonly at: number };
}

/** Runs the executions until they end, or the store fails at the given commit. */
async function life(file: string, { clock, crash }: Life) {
  const inner = openEngineStore(file, { synchronous: 'NORMAL' });
  let commits = 0;
  let crashed = false;
  const store: EngineStore = {
    ...inner,
    commit(turns) {
      commits++;
      crashed ||= crash?.at === commits;
      if (crashed && crash?.when === 'before') throw new Crash();
      inner.commit(turns);
      if (crashed) throw new Crash();
    },
  };
  const faults: string[] = [];
  const engine: Engine = engineOn({ store, clock, functions: functions(() => engine, faults) });
  await engine.start();
  await startAll(engine, COUNT).catch((error) => {
    if (!crashed) throw error;
  });
  await clock.advance(60_000, () => engine.idle());
  const problems = crashed ? [] : (await Promise.all([0, 1].map((index) => problemsOf(engine, index)))).flat();
  problems.push(...faults);
  await engine.stop();
  inner.close();
  return { crashed, problems };
}

describe('an engine whose process ends at a commit', () => {
  test.each(['before', 'after'] as const)('%s it is on disk, goes on as if nothing had been', async (when) => {
    for (let at = 1; ; at++) {
      const [file, clock] = [newFile(), new VirtualClock()];
      const { crashed } = await life(file, { clock, crash: { when, at } });
      const { problems } = crashed ? await life(file, { clock }) : { problems: [] };
      expect({ at, problems }).toEqual({ at, problems: [] });
      if (crashed) continue;
      expect(at).toBeGreaterThan(10);
      break;
    }
  });

  test('time and again, ends all the same', async () => {
    const [file, clock] = [newFile(), new VirtualClock()];
    for (let round = 0; round < 100; round++) {
      const { crashed, problems } = await life(file, {
        clock,
        crash: { when: round % 2 ? 'before' : 'after', at: 2 },
      });
      if (crashed) continue;
      expect(problems).toEqual([]);
      return;
    }
    throw new Error('the executions never ended');
  });
});

describe('an engine that is killed', () => {
  const work = (file: string, kill: string) =>
    new Promise<string>((resolve) => {
      const worker = spawn(process.execPath, ['--no-warnings', WORKER, file, String(COUNT), kill]);
      let output = '';
      for (const stream of [worker.stdout, worker.stderr])
        stream.on('data', (data) => {
          output += data;
        });
      worker.once('close', (_, signal) => resolve(signal ?? output));
    });

  test('before and after commits, goes on in its next life', async () => {
    const kill = async (at: string) => {
      const file = newFile();
      expect(await work(file, at)).toBe('SIGKILL');
      expect(JSON.parse(await work(file, 'none'))).toMatchObject({ done: true, problems: [] });
    };
    await Promise.all(['before:3', 'after:9'].map(kill));
  });
});
