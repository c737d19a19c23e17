import { join } from 'node:path';
import { StartAppReplicationCommand } from '@aws-sdk/client-sms';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import type { ImageSpec } from '../../lib/ports.ts';
import { simulatedSource } from '../simulators/source.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { createApp, putReplication } from '../support/app.ts';
import { importedServers, type Place, replicate, runEnded } from '../support/connectors.ts';
import { rehost } from '../support/process.ts';
import { type Started, start, until } from '../support/start.ts';

/** A few seconds are enough; a machine with other work takes longer. */
jest.setTimeout(60_000);

/** Servers of which one was quiesced before it was frozen, one was not, and of the third its source, or its connector, does not say. */
const QUIESCED = { db1: true, web1: false };
const EXPECTED = {
  db1: ['quiesced', 'Quiesced before it was frozen'],
  web1: ['crash-consistent', 'Crash-consistent (the guest was not quiesced)'],
  web2: [undefined, undefined],
} as const;
let started: Started;
let agent: TestAgent;
let images: ImageSpec[];

beforeEach(async () => {
  images = [];
  started = await start({
    sources: [],
    ports: ({ images: made }) => ({
      images: {
        ...made,
        async register(spec) {
          images.push(spec);
          return made.register(spec);
        },
      },
    }),
  });
  const place: Place = { url: started.rehost.url, region: 'us-east-1', credentials: started.rehost.accessKey };
  const source = simulatedSource(started.source, { quiesced: QUIESCED });
  agent = await startAgent(place, { source, folder: join(started.folder, 'one') });
});
afterEach(async () => {
  await agent.stop();
  await started.end();
});

const completions = async () =>
  (await (started.rehost.services.store as SqliteStore).read(0, 10_000))
    .map(({ event }) => event)
    .filter(({ detailType, detail }) => detailType === 'Replication Run State Change' && detail.to === 'COMPLETED');

test.each(['db1', 'web1', 'web2'] as const)(
  'a run of %s says whether its image is consistent, as does all that tells of it',
  async (name) => {
    const jobId = await replicate(started.sms, (await importedServers(started.sms)).get(name)!);
    const run = await runEnded(started.sms, jobId);
    const [consistency, words] = EXPECTED[name];
    expect(run).toMatchObject({
      state: 'COMPLETED',
      statusMessage: ['Completed', ...(words ? [words] : [])].join('. '),
    });
    expect((await completions()).map(({ detail }) => detail.consistency)).toEqual([consistency]);
    expect(images[0]!.tags.find(({ key }) => key === 'rehost:consistency')?.value).toBe(consistency);
    const { url, accessKey } = started.rehost;
    const { stdout } = await rehost(['status'], {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    });
    expect(stdout).toContain(name);
    expect(/last image: (.*)/.exec(stdout)?.[1]).toBe(words);
  },
);

test('servers that are frozen together keep it until their copy begins', async () => {
  const ids = await importedServers(started.sms);
  const app = await createApp(started, { groups: [[...ids.values()]] });
  await putReplication(started, app, { frequency: 24 });
  await started.sms.send(new StartAppReplicationCommand({ appId: app.appId }));
  const ended = await until(completions, ({ length }) => length === 3);
  const { store } = started.rehost.services;
  const told = await Promise.all(
    ended.map(async ({ detail }) => {
      const run = (await store.get('ReplicationRun', String(detail.entity)))!;
      const job = (await store.get('ReplicationJob', run.replicationJobId))!;
      return [job.vmServer.vmName, run.consistency, run.statusMessage];
    }),
  );
  expect(told.sort()).toEqual([
    ['db1', 'quiesced', expect.stringMatching(/^Completed. Quiesced before it was frozen. 3 servers were frozen/)],
    ['web1', 'crash-consistent', expect.stringMatching(/^Completed. Crash-consistent .*. 3 servers were frozen/)],
    ['web2', undefined, expect.stringMatching(/^Completed. 3 servers were frozen/)],
  ]);
});
