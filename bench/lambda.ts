import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from '../scripts/bundle.ts';

const ROOT = join(import.meta.dirname, '..');
/** The Node that Lambda has. */
const NODE_24 = join(ROOT, 'node_modules', '.bin', 'node');
/** Cold starts of each function; the fastest counts, the others had to share the machine. */
const STARTS = 3;
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'any',
  // Nothing is there: what a function asks for when it loads fails after the measurement.
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  ACCOUNT: '000000000000',
  TABLE: 'table',
  BUS: 'bus',
  DEAD_LETTERS: 'http://127.0.0.1:9/queue',
  API_FUNCTION: 'api',
  TOKEN_SECRET: 'secret',
  CLIENT_KEY: 'secret',
  PUBLIC: 'false',
};
/** What a function may cost at most: kB of its bundle, and its cold start in those of an empty handler. */
export const BUDGET = { kB: 1_000, ratio: 9 } as const;

export interface FunctionCost {
  readonly name: string;
  readonly kB: number;
  readonly ms: number;
  /** Times that of an empty handler. */
  readonly ratio: number;
}

/** Loads each bundle in fresh processes, beside a handler that does nothing. */
export async function measure(): Promise<FunctionCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  try {
    await bundle(folder);
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, 'export const handler = async () => null;');
    const names = readdirSync(folder).filter((name) => !name.endsWith('.mjs'));
    return names.map((name) => {
      const file = join(folder, name, 'index.mjs');
      // In turns, so that both meet the same machine.
      const times = Array.from({ length: STARTS }, () => [importTime(file), importTime(empty)] as const);
      const ms = Math.min(...times.map(([own]) => own));
      return {
        name,
        kB: Math.round(statSync(file).size / 1_000),
        ms,
        ratio: ms / Math.min(...times.map(([, none]) => none)),
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds of processor time that a fresh process needs until the file is loaded: what others do on the machine counts little. */
function importTime(file: string): number {
  const program = `await import(${JSON.stringify(pathToFileURL(file).href)}); const { user, system } = process.cpuUsage(); console.log((user + system) / 1000); process.exit(0)`;
  const { stdout, stderr } = spawnSync(NODE_24, ['--input-type=module', '-e', program], {
    env: ENVIRONMENT,
    encoding: 'utf8',
  });
  const ms = Number(stdout);
  if (!(ms > 0)) throw new Error(`${file} cannot be loaded: ${stderr}`);
  return ms;
}

/** Prints kB and cold import of every function. Fails when one is over its budget. */
export async function bench() {
  const costs = (await measure()).sort((a, b) => b.ms - a.ms);
  console.log(`${'function'.padEnd(32)}${'kB'.padStart(8)}${'ms'.padStart(8)}${'ratio'.padStart(8)}`);
  for (const { name, kB, ms, ratio } of costs)
    console.log(
      `${name.padEnd(32)}${String(kB).padStart(8)}${ms.toFixed(1).padStart(8)}${ratio.toFixed(1).padStart(8)}`,
    );
  const over = costs.filter(({ kB, ratio }) => kB > BUDGET.kB || ratio > BUDGET.ratio);
  console.log(`budget: ${BUDGET.kB} kB, ${BUDGET.ratio} times an empty handler`);
  if (over.length > 0) throw new Error(`over budget: ${over.map(({ name }) => name).join(', ')}`);
}
