/**
 * A process that is meant to be killed: `crash-worker.ts FILE COUNT KILL` runs COUNT executions on FILE to their end and says so. KILL is `before:N` or
 * `after:N`, to end itself by SIGKILL at the N-th commit; or `none`, where somebody else does it.
 */
import type { Engine } from '../../../lib/engine/engine.ts';
import type { EngineStore } from '../../../lib/engine/store.ts';
import { openEngineStore } from '../../../lib/local/sqlite-engine-store.ts';
import { systemClock } from '../../../lib/local/system-clock.ts';
import { engineOn } from './bed.ts';
import { executionArn, functions, problemsOf, startAll } from './everything.ts';

const [file, count, kill] = process.argv.slice(2) as [string, string, string];
const [when, at] = kill.split(':');
const inner = openEngineStore(file);
let commits = 0;
const die = (moment: string) => {
  if (moment === when && commits === Number(at)) process.kill(process.pid, 'SIGKILL');
};
const store: EngineStore = {
  ...inner,
  commit(turns) {
    commits++;
    die('before');
    inner.commit(turns);
    die('after');
  },
};
const problems: string[] = [];
const engine: Engine = engineOn({ store, clock: systemClock, functions: functions(() => engine, problems) });
await engine.start();
await startAll(engine, Number(count));
const isRunning = async (index: number) => {
  const row = (await engine.call('DescribeExecution', { executionArn: executionArn(index) })) as { status: string };
  return row.status === 'RUNNING';
};
for (let index = 0; index < Number(count); index++) {
  while (await isRunning(index)) await new Promise((resolve) => setTimeout(resolve, 20));
  problems.push(...(await problemsOf(engine, index)));
}
console.log(JSON.stringify({ done: true, commits, problems }));
await engine.stop();
inner.close();
