import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSource } from '../../lib/connector/open-source.ts';
import { openFileSnapshots } from '../../lib/local/file-snapshots.ts';
import { LOCAL_LIMITS } from '../../lib/replication/concurrency.ts';
import { transferServer } from '../../lib/replication/transfer-server.ts';
import { CLOCK, puttingBy } from './data-centre.ts';

// Run as a process of its own, to be killed: transfers a server of a source, writes down which blocks it puts, one line each, and prints its result.
const [folder, spec, vmId, killAfter] = process.argv.slice(2) as [string, string, string, string];
const stateFolder = join(folder, 'state');
const snapshots = await openFileSnapshots(join(folder, 'snapshots'), { clock: CLOCK });
const source = await openSource(spec, { stateFolder });
let puts = 0;
const result = await transferServer(
  { runId: 'run-1', jobId: `sms-job-${vmId}`, attempt: 1, vmId, description: '', tags: {} },
  {
    source,
    snapshots: puttingBy(snapshots, async (id, index, data, sha256) => {
      appendFileSync(join(folder, 'puts'), `${index}\n`);
      const answer = await snapshots.put(id, index, data, sha256);
      if (++puts === Number(killAfter)) process.kill(process.pid, 'SIGKILL');
      return answer;
    }),
    stateFolder,
    clock: CLOCK,
    concurrency: LOCAL_LIMITS,
    onProgress() {},
  },
);
await source.close?.();
await snapshots.close();
process.stdout.write(JSON.stringify({ result, puts }));
