/**
 * What is measured in a process of its own, whose memory nothing else has touched: `node --expose-gc worker.ts WHAT FOLDER COUNT`. Prints JSON.
 * `park` begins executions that wait for a day; `recover` opens an engine on them; `peer` parks executions in the peer; `map` runs a distributed Map.
 */
import { statSync } from 'node:fs';
import { INPUT } from './machines.ts';
import { openOurs } from './ours.ts';
import { openPeer } from './peer.ts';

/** Executions that are begun at the same time. */
const AT_ONCE = 1_000;

const [what, folder, text] = process.argv.slice(2) as [string, string, string];
const count = Number(text);

function used(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

const parts: Record<string, () => Promise<object>> = {
  async park() {
    const ours = await openOurs(folder);
    await ours.begin('parked', INPUT);
    const [before, began] = [used(), performance.now()];
    for (let at = 0; at < count; at += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - at) }, () => ours.begin('parked', INPUT)));
    const seconds = (performance.now() - began) / 1_000;
    const memory = (used() - before) / count;
    await ours.close();
    return { memory, seconds, disk: statSync(ours.file).size / count };
  },
  async recover() {
    const [before, began] = [used(), performance.now()];
    const ours = await openOurs(folder);
    const seconds = (performance.now() - began) / 1_000;
    const memory = (used() - before) / count;
    await ours.close();
    return { seconds, memory };
  },
  async peer() {
    const peer = openPeer(folder);
    peer.begin('parked', INPUT);
    const before = used();
    for (let at = 0; at < count; at++) peer.begin('parked', { ...INPUT, padding: 'x'.repeat(649) + (at % 10) });
    await new Promise((resolve) => setImmediate(resolve));
    return { memory: (used() - before) / count };
  },
  async map() {
    const ours = await openOurs(folder);
    const before = process.memoryUsage().rss;
    const began = performance.now();
    await ours.run(
      'distributed',
      Array.from({ length: count }, () => 1),
    );
    const seconds = (performance.now() - began) / 1_000;
    const memory = process.resourceUsage().maxRSS * 1_024 - before;
    await ours.close();
    return { seconds, memory };
  },
};

console.log(JSON.stringify(await parts[what]!()));
process.exit(0);
