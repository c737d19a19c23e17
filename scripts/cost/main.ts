import { meterProcess } from './meter.ts';
import { type Recording, record } from './record.ts';
import { invocationsOf, report } from './report.ts';

/** How much more of something a server may use in a large migration than in a small one: nothing but noise. */
const GROWTH = 1.02;

const sizes = process.argv.slice(2).map(Number);
meterProcess();
const recordings: Recording[] = [];
for (const servers of sizes.length > 0 ? sizes : [10, 100, 1_000]) {
  console.error(`migrating ${servers} servers`);
  recordings.push(await record(servers));
}
console.log(report(recordings));

const [smallest, largest] = [recordings[0]!, recordings.at(-1)!];
for (const [name, count] of [
  ['state transitions', ({ transitions }: Recording) => transitions],
  ['invocations', invocationsOf],
] as const) {
  const growth = count(largest) / largest.servers / (count(smallest) / smallest.servers);
  console.log(`${name} a server, ${largest.servers} to ${smallest.servers} servers: ${growth.toFixed(3)} times`);
  if (growth > GROWTH) process.exitCode = 1;
}
