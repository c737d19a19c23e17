import { join } from 'node:path';
import type { Clock } from '../../../lib/clock.ts';
import { openSource } from '../../../lib/connector/open-source.ts';
import { openFileSnapshots } from '../../../lib/local/file-snapshots.ts';
import { LOCAL_LIMITS } from '../../../lib/replication/concurrency.ts';
import { transferServer } from '../../../lib/replication/transfer-server.ts';

// Run as a process of its own, to be killed: transfers a server of a vCenter, and writes its result.
const [folder, spec, vmId, killAfter] = process.argv.slice(2) as [string, string, string, string];
const clock: Clock = { now: () => Date.now(), setTimer: () => () => {} };
const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock });
const source = await openSource(spec, { stateFolder: join(folder, 'state') });
let puts = 0;
const put: typeof snapshots.put = async (id, index, data, sha256) => {
  const answer = await snapshots.put(id, index, data, sha256);
  if (++puts === Number(killAfter)) process.kill(process.pid, 'SIGKILL');
  return answer;
};
const result = await transferServer(
  { runId: 'run-1', jobId: `sms-job-${vmId}`, attempt: 1, vmId, description: '', tags: {} },
  {
    source,
    snapshots: {
      start: (start) => snapshots.start(start),
      put,
      complete: (id, seal) => snapshots.complete(id, seal),
      state: (id) => snapshots.state(id),
      list: (id) => snapshots.list(id),
      changed: (first, second) => snapshots.changed(first, second),
      read: (id, index, token) => snapshots.read(id, index, token),
      remove: (id) => snapshots.remove(id),
    },
    stateFolder: join(folder, 'state'),
    clock,
    concurrency: LOCAL_LIMITS,
    onProgress() {},
  },
);
await source.close?.();
await snapshots.close();
process.stdout.write(JSON.stringify({ result, puts }));
