import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { imagesSource } from '../../lib/connector/images-source.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { LOCAL_LIMITS } from '../../lib/replication/concurrency.ts';
import { transferServer } from '../../lib/replication/transfer-server.ts';

// Run as a process of its own, to be killed: transfers db1 and writes down which blocks it puts, one line each, and its result.
const [folder, killAfter] = [process.argv[2]!, Number(process.argv[3])];
const clock: Clock = { now: () => Date.now(), setTimer: () => () => {} };

const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock });
let puts = 0;
const put: typeof snapshots.put = async (id, index, data, sha256) => {
  appendFileSync(join(folder, 'puts'), `${index}\n`);
  const answer = await snapshots.put(id, index, data, sha256);
  if (++puts === killAfter) process.kill(process.pid, 'SIGKILL');
  return answer;
};
const result = await transferServer(
  { runId: 'run-1', jobId: 'sms-job-1', attempt: 1, vmId: 'db1', description: '', tags: {} },
  {
    source: imagesSource(join(folder, 'source')),
    snapshots: {
      start: (spec) => snapshots.start(spec),
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
await snapshots.close();
process.stdout.write(JSON.stringify(result));
