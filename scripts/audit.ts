import { spawnSync } from 'node:child_process';

/** What `npm audit --json` answers, as far as it is read here. */
interface Report {
  readonly message?: string;
  readonly error?: { readonly summary?: string; readonly code?: string };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>;
}

const SEVERE = ['high', 'critical'];

/**
 * Asks the registry for known flaws of what is deployed. Fails when one is high or critical. Where the registry cannot be asked it says so and passes: a build
 * without a network is not a build with a flaw.
 */
const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=high', '--json'], {
  encoding: 'utf8',
  timeout: 60_000,
});
const report = parsed(stdout);
if (!report?.vulnerabilities) {
  const why = report?.error?.summary || report?.message || report?.error?.code || 'no answer';
  console.warn(`DEPENDENCY AUDIT SKIPPED: the registry cannot be asked (${why}). Run \`npm run audit\` where it can.`);
} else {
  const found = Object.entries(report.vulnerabilities).filter(([, { severity }]) => SEVERE.includes(severity));
  for (const [name, { severity }] of found) console.error(`${name}: ${severity}; see \`npm audit --omit=dev\``);
  console.log(`dependency audit: ${found.length} packages with high or critical flaws`);
  process.exitCode = found.length > 0 ? 1 : 0;
}

function parsed(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
