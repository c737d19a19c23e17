import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Started, start, until } from '../../support/start.ts';
import { findPython, LineProgram } from './python.ts';

type Members = Record<string, unknown>;
interface Answer {
  readonly output?: Members;
  readonly pages?: readonly Members[];
  readonly error?: { readonly class: string; readonly message: string; readonly status: number };
}

const { version, missing } = findPython('/usr/bin/python3', 'boto3');
if (missing)
  test.skip(`boto3 against the service: skipped, since ${missing} (apt-get install python3-boto3)`, () => {});
else describe(`boto3 ${version} against the service`, checks);

/** The tests build on each other. */
function checks() {
  let started: Started;
  let program: LineProgram;
  const servers: string[] = [];
  let replicationJobId: string;

  beforeAll(async () => {
    started = await start();
    const { url, accessKey } = started.rehost;
    program = new LineProgram('/usr/bin/python3', 'boto3-client.py', {
      REHOST_ENDPOINT: url,
      AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    });
    await program.next();
  });
  afterAll(async () => {
    program?.end();
    await started?.end();
  });

  const call = async (operation: string, input: object = {}) => {
    const { output, error } = await program.ask<Answer>({ operation, input });
    return { ...output, ...(error ? { error } : {}) } as Members;
  };
  const pages = async (operation: string, input: object = {}) =>
    (await program.ask<Answer>({ operation, input, paginate: true })).pages ?? [];
  const list = (page: Members, name: string) => page[name] as Members[];

  test('has an empty catalog before the first import, and its servers after', async () => {
    expect(await call('GetServers')).toMatchObject({ serverCatalogStatus: 'NOT_IMPORTED', serverList: [] });
    expect(await call('ImportServerCatalog')).not.toHaveProperty('error');
    await until(
      () => call('GetServers'),
      ({ serverCatalogStatus }) => serverCatalogStatus === 'AVAILABLE',
    );
  });

  test('pages through the servers, each once, the last page without a token', async () => {
    const read = await pages('GetServers', { PaginationConfig: { PageSize: 2 } });
    expect(read.map((page) => list(page, 'serverList').length)).toEqual([2, 1]);
    expect(read.at(-1)).not.toHaveProperty('nextToken');
    servers.push(...read.flatMap((page) => list(page, 'serverList').map(({ serverId }) => serverId as string)));
    expect(new Set(servers).size).toBe(3);
  });

  test('refuses a token of another operation', async () => {
    const { nextToken } = await call('GetServers', { maxResults: 1 });
    expect(await call('ListApps', { nextToken })).toMatchObject({
      error: { class: 'InvalidParameterException', status: 400, message: expect.stringContaining('ListApps') },
    });
  });

  test('creates an application once for one client token', async () => {
    const input = { name: 'shop', clientToken: 'token', serverGroups: [{ serverList: [{ serverId: servers[0] }] }] };
    const first = await call('CreateApp', input);
    expect(first).toMatchObject({ appSummary: { name: 'shop', totalServers: 1, creationTime: expect.any(Number) } });
    expect((await call('CreateApp', input)).appSummary).toEqual(first.appSummary);
    expect(await call('CreateApp', { ...input, name: 'other' })).toMatchObject({
      error: { class: 'InvalidParameterException' },
    });
    await call('CreateApp', { name: 'second' });
    const read = await pages('ListApps', { PaginationConfig: { PageSize: 1 } });
    expect(read.flatMap((page) => list(page, 'apps').map(({ name }) => name))).toEqual(['shop', 'second']);
  });

  test('creates a job whose next run is listed as pending', async () => {
    const seedReplicationTime = Math.floor(Date.now() / 1_000) + 3_600;
    const input = { serverId: servers[1], seedReplicationTime, frequency: 12, licenseType: 'BYOL' };
    replicationJobId = (await call('CreateReplicationJob', input)).replicationJobId as string;
    expect(replicationJobId).toMatch(/^sms-job-[0-9a-f]{8}$/);
    const [job] = list(await call('GetReplicationJobs', { replicationJobId }), 'replicationJobList');
    expect(job).toMatchObject({ state: 'PENDING', seedReplicationTime, frequency: 12, licenseType: 'BYOL' });
    const [page] = await pages('GetReplicationRuns', { replicationJobId });
    expect(list(page!, 'replicationRunList')).toMatchObject([
      { state: 'PENDING', type: 'AUTOMATIC', scheduledStartTime: seedReplicationTime },
    ]);
    expect(await call('CreateReplicationJob', input)).toMatchObject({
      error: { class: 'ReplicationJobAlreadyExistsException', message: expect.stringContaining(replicationJobId) },
    });
  });

  test.each<[operation: string, type: string, message: RegExp, input: () => Members]>([
    ['GetApp', 'InvalidParameterException', /no application app-0{17};/, () => ({ appId: 'app-00000000000000000' })],
    ['GetApp', 'MissingRequiredParameterException', /^appId is required/, () => ({})],
    [
      'DeleteReplicationJob',
      'ReplicationJobNotFoundException',
      /no replication job/,
      () => ({ replicationJobId: 'sms-job-0' }),
    ],
    [
      'GetReplicationRuns',
      'InvalidParameterException',
      /no replication job/,
      () => ({ replicationJobId: 'sms-job-0' }),
    ],
    ['StartOnDemandReplicationRun', 'OperationNotPermittedException', /seed run; wait/, () => ({ replicationJobId })],
    [
      'UpdateReplicationJob',
      'InvalidParameterException',
      /^frequency: 25/,
      () => ({ replicationJobId, frequency: 25 }),
    ],
    [
      'UpdateReplicationJob',
      'InvalidParameterException',
      /not one of AWS, BYOL/,
      () => ({ replicationJobId, licenseType: 'MIT' }),
    ],
    ['DisassociateConnector', 'InvalidParameterException', /no connector c-0/, () => ({ connectorId: 'c-0' })],
  ])('%s refuses by %s: %s', async (operation, type, message, input) => {
    expect(await call(operation, input())).toEqual({
      error: { class: type, status: 400, message: expect.stringMatching(message) },
    });
  });

  test('shows its connector, and lets a job go', async () => {
    const [page] = await pages('GetConnectors');
    expect(list(page!, 'connectorList')).toMatchObject([{ status: 'HEALTHY', associatedOn: expect.any(Number) }]);
    expect(await call('DeleteReplicationJob', { replicationJobId })).not.toHaveProperty('error');
    await until(
      () => call('GetReplicationJobs', { replicationJobId }),
      (answer) => list(answer, 'replicationJobList')[0]?.state === 'DELETED',
    );
  });
}
