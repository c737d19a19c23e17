import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import { copy, openEndpoint } from './ours.ts';

// A connector's copy as a process of its own, whose memory is measured. Only the service talks to EC2: its parent answers what it asks.
const { folder, vmId, jobId, endpoint } = JSON.parse(process.argv[2]!) as {
  folder: string;
  vmId: string;
  jobId: string;
  endpoint: Parameters<typeof openEndpoint>[0];
};
async function ask<T>(what: keyof Ec2Snapshots, id: string): Promise<T> {
  process.send!({ what, id });
  const [answer] = (await once(process, 'message')) as [T | 'unknown'];
  return answer === 'unknown' ? (undefined as T) : answer;
}
const snapshots = await openEndpoint(endpoint, { state: (id) => ask('state', id), remove: (id) => ask('remove', id) });
await copy({ folder, snapshots, jobId, vmId, runId: 'run' });
snapshots.close();
process.send!({ kib: mostMemory() });
process.disconnect();

/** KiB. What resourceUsage says begins with the memory of the parent. */
function mostMemory(): number {
  const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return Number(kib);
}
