/** What AWS answered, recorded: cases and runners that stand outside the project, and may be absent. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { engineProcess } from './engine-process.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const CASES = join(ROOT, '..', 'shared', 'conformance', 'step-functions');

export const present = existsSync(join(CASES, 'run.mjs'));
if (!present) console.warn('the recorded cases (../shared/conformance) are absent; what AWS answered is not compared');

/** Percent of the recorded cases, in each group and in all: a ratchet, never lowered. */
export const BARS = { outcome: 99.5, historyTypes: 98, historyFull: 95 };

/** One execution, compared. A check that is absent was not recorded. */
export interface Compared {
  readonly id: string;
  readonly group: string;
  readonly checks: { readonly [name in keyof typeof BARS]?: boolean };
}

/** One script of API calls, compared. */
export interface Script {
  readonly id: string;
  readonly pass: boolean;
  readonly diffs: readonly string[];
}

/** Runs a runner of the recorded cases against `rehost engine`, in a process of its own, and answers its report. */
export async function replay<T>(runner: 'run.mjs' | 'run-api.mjs', args: readonly string[] = []): Promise<T[]> {
  const lambdaPort = String(await freePort());
  const engine = await engineProcess({ AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${lambdaPort}` });
  try {
    const report = join(engine.folder, 'report.json');
    await ended([
      join(CASES, runner),
      '--endpoint',
      engine.url,
      '--lambda-port',
      lambdaPort,
      '--report',
      report,
      ...args,
    ]);
    return JSON.parse(readFileSync(report, 'utf8')) as T[];
  } finally {
    await engine.end();
  }
}

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

function ended(args: readonly string[]): Promise<void> {
  const runner = spawn(process.execPath, args, { cwd: CASES, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve) => runner.once('close', () => resolve()));
}

/** What percentage of the cases stands the check, by group; `all` is all of them. */
export function percentages(cases: readonly Compared[], check: keyof typeof BARS): Record<string, number> {
  const recorded = cases.filter(({ checks }) => check in checks);
  const groups = Map.groupBy(recorded, ({ group }) => group);
  const percent = (some: readonly Compared[]) =>
    (100 * some.filter(({ checks }) => checks[check]).length) / some.length;
  return Object.fromEntries([...groups, ['all', recorded] as const].map(([group, some]) => [group, percent(some)]));
}

/** The groups that are below their bar. */
export const belowBar = (cases: readonly Compared[]): string[] =>
  Object.entries(BARS).flatMap(([check, bar]) =>
    Object.entries(percentages(cases, check as keyof typeof BARS))
      .filter(([, percent]) => percent < bar)
      .map(([group, percent]) => `${group}: ${check} ${percent.toFixed(1)} % < ${bar} %`),
  );

/**
 * Scripts whose recorded answer no server can give, by the reason; the runner's README tells how they came to be. They are counted, not hidden: what is
 * compared is the rest.
 */
const UNANSWERABLE: readonly (readonly [RegExp, string])[] = [
  [/test_tag_invalid_state_machine/, 'the client refused the call: no server saw it'],
  [/test_error_create_alias_invalid_router_configs/, 'the client refused two calls, others lost their ARNs'],
  [/TestSfnApiAliasing::test_(base_lifecycle|delete_version_with_alias)/, 'calls name an alias by an ARN it never had'],
  [/test_list_state_machine_aliases_pagination/, 'the token of the next page was lost'],
  [/test_create_describe_delete_activity\[a{70,}/, 'the runner lengthens the name past 80 characters'],
  [/test_max_concurrency_path_negative/, 'AWS hangs for ever; here the state fails by name'],
];

/** Answers that were recorded before AWS changed them. */
const OUTDATED: readonly (readonly [RegExp, string])[] = [
  [/\$\.encryptionConfiguration: unexpected/, 'recorded before July 2024; later ones have the member'],
];

/** Scripts that the engine should answer as AWS did. */
export const answerable = (scripts: readonly Script[]): Script[] =>
  scripts.filter(
    ({ id, diffs }) =>
      !UNANSWERABLE.some(([pattern]) => pattern.test(id)) &&
      !(diffs.length > 0 && diffs.every((diff) => OUTDATED.some(([pattern]) => pattern.test(diff)))),
  );
