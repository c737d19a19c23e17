import { expect, test } from '@jest/globals';
import { OPERATION_SHAPES } from '../../lib/api/sms/shapes.ts';
import { fromLegacy, toLegacy } from '../../lib/api/sms/wire-casing.ts';
import { toWire } from '../../lib/api/wire.ts';
import { ask, requestOf, signed, stubService } from './stub-service.ts';

const { GetReplicationRuns, GetServers, CreateApp, ListApps } = OPERATION_SHAPES;

test('sends times as seconds, and leaves out what has no value or no place', () => {
  const output = {
    serverCatalogStatus: 'AVAILABLE',
    lastModifiedOn: new Date('2016-10-20T23:28:51.856Z'),
    serverList: [{ serverId: 's-1', replicationJobId: undefined, appId: 'ours alone' }],
    nextToken: undefined,
  };
  expect(toWire(output, GetServers.output)).toEqual({
    serverCatalogStatus: 'AVAILABLE',
    lastModifiedOn: 1_477_006_131.856,
    serverList: [{ serverId: 's-1' }],
  });
});

const vmServer = { vmName: 'ACTIVE', vmManagerType: 'VSPHERE' };
const runs = {
  replicationJob: { state: 'PAUSED_ON_FAILURE', description: 'FAILED', serverType: 'VIRTUAL_MACHINE', vmServer },
  replicationRunList: [{ state: 'MISSED', type: 'ON_DEMAND', statusMessage: 'COMPLETED' }],
};

test('spells the values of jobs and runs as SMS did, and nothing else', () => {
  expect(toLegacy(runs, GetReplicationRuns.output)).toEqual({
    replicationJob: {
      state: 'PausedOnFailure',
      description: 'FAILED',
      serverType: 'VIRTUAL_MACHINE',
      vmServer: { vmName: 'ACTIVE', vmManagerType: 'vSphere' },
    },
    replicationRunList: [{ state: 'Missed', type: 'OnDemand', statusMessage: 'COMPLETED' }],
  });
});

test('leaves applications as in the model', () => {
  const apps = { apps: [{ status: 'ACTIVE', replicationStatus: 'REPLICATED', launchStatus: 'LAUNCHED' }] };
  expect(toLegacy(apps, ListApps.output)).toEqual(apps);
});

test('reads back what it wrote', () => {
  expect(fromLegacy(toLegacy(runs, GetReplicationRuns.output), GetReplicationRuns.output)).toEqual(runs);
});

test('leaves what does not fit for the validator', () => {
  for (const wrong of [null, 5, [], 'vSphere', { serverGroups: 'vSphere', x: ['vSphere'] }])
    expect(fromLegacy(wrong, CreateApp.input)).toEqual(wrong);
});

test('serves the legacy spelling both ways where the configuration asks for it', async () => {
  const { handle, calls } = stubService({
    config: { wireCasing: 'legacy' },
    run: async (operation) => (operation === 'GetReplicationRuns' ? runs : {}),
  });
  const call = async (operation: string, input: object) => ask(handle, await signed(requestOf(operation, input)));
  expect(await call('GetReplicationRuns', { replicationJobId: 'sms-job-1' })).toMatchObject({
    replicationJob: { state: 'PausedOnFailure' },
  });
  const seen = { serverId: 's-1', vmServer: { vmManagerType: 'vSphere' } };
  expect(await call('CreateApp', { serverGroups: [{ serverList: [seen] }] })).toMatchObject({ status: 200 });
  expect(calls[1]?.input).toEqual({
    serverGroups: [{ serverList: [{ serverId: 's-1', vmServer: { vmManagerType: 'VSPHERE' } }] }],
  });
});
