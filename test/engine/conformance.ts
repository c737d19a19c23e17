/** How near the engine is to AWS, by group, slow cases included: `npm run test:conformance`. Ends with an error when a group is below its bar. */
import {
  answerable,
  BARS,
  belowBar,
  type Compared,
  percentages,
  present,
  replay,
  type Script,
} from './support/recorded.ts';

const CHECKS = Object.keys(BARS) as (keyof typeof BARS)[];

if (present) {
  const cases = await replay<Compared>('run.mjs');
  const byCheck = CHECKS.map((check) => percentages(cases, check));
  for (const group of Object.keys(byCheck[0]!))
    console.log(group.padEnd(16), CHECKS.map((check, at) => `${check} ${shown(byCheck[at]![group])}`).join('  '));
  const scripts = await replay<Script>('run-api.mjs');
  const asked = answerable(scripts);
  const passed = (some: readonly Script[]) => `${some.filter(({ pass }) => pass).length} of ${some.length}`;
  console.log(`API scripts      ${passed(scripts)}; of those that a server can answer today, ${passed(asked)}`);
  const problems = belowBar(cases);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

function shown(percent: number | undefined): string {
  return (percent === undefined ? '-' : `${percent.toFixed(1)} %`).padStart(8);
}
