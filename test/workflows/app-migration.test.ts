import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  GetAppCommand,
  GetAppValidationConfigurationCommand,
  GetReplicationJobsCommand,
  ListAppsCommand,
} from '@aws-sdk/client-sms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fastClock } from '../simulators/fast-clock.ts';
import { type Started, start, until } from '../support/start.ts';

const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:app-migration';
const plan = (more: object = {}) => ({
  app: { name: 'shop', tags: { team: 'a' } },
  serverGroups: [
    { name: 'database', launchOrder: 1, servers: [{ name: 'db1', instanceType: 'r6i.large' }] },
    { name: 'web', launchOrder: 2, servers: [{ name: 'web1' }, { name: 'web2' }] },
  ],
  replication: { runOnce: true },
  launch: { instanceType: 't3.small' },
  ...more,
});

let started: Started;
let sfn: SFNClient;
beforeAll(async () => {
  started = await start({ clock: fastClock(10) });
  sfn = new SFNClient({ endpoint: started.rehost.url, region: 'us-east-1', credentials: started.rehost.accessKey });
});
afterAll(() => started.end());

const begin = async (name: string, input: object) =>
  (await sfn.send(new StartExecutionCommand({ stateMachineArn: MACHINE, name, input: JSON.stringify(input) })))
    .executionArn!;
const describeExecution = (executionArn: string) => sfn.send(new DescribeExecutionCommand({ executionArn }));
const ended = (executionArn: string) =>
  until(
    () => describeExecution(executionArn),
    ({ status }) => status !== 'RUNNING',
  );
const app = async () => {
  const { apps = [] } = await started.sms.send(new ListAppsCommand({}));
  return (await started.sms.send(new GetAppCommand({ appId: apps.find(({ name }) => name === 'shop')!.appId })))
    .appSummary!;
};

describe('an event Migration Requested', () => {
  test('starts a migration, once however often it is delivered', async () => {
    const events = new EventBridgeClient({
      endpoint: started.rehost.url,
      region: 'us-east-1',
      credentials: started.rehost.accessKey,
    });
    const put = (entry: object) =>
      events.send(
        new PutEventsCommand({
          Entries: [{ Source: 'my.portal', DetailType: 'Migration Requested', Detail: '{}', ...entry }],
        }),
      );
    const detail = plan({
      app: { name: 'asked' },
      serverGroups: [{ name: 'g', launchOrder: 1, servers: [{ name: 'nobody' }] }],
    });
    expect(await put({ Detail: JSON.stringify(detail) })).toMatchObject({ FailedEntryCount: 0 });
    const { executions = [] } = await until(
      () => sfn.send(new ListExecutionsCommand({ stateMachineArn: MACHINE })),
      ({ executions: all = [] }) => all.length > 0,
    );
    expect(executions.map(({ name }) => name)).toEqual([expect.stringMatching(/^asked-migration-/)]);
    expect(await ended(executions[0]!.executionArn!)).toMatchObject({ error: 'ServersNotFoundError' });
    expect(await put({ Source: 'rehost' })).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'NotAuthorizedForSource' }],
    });
    expect(await put({ Detail: 'no' })).toMatchObject({ Entries: [{ ErrorCode: 'MalformedDetail' }] });
  });
});

describe('app-migration', () => {
  test('migrates an application', async () => {
    const { status, output } = await ended(await begin('first', plan()));
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output!).summary.stackName).toMatch(/^sms-app-/);
    expect(await app()).toMatchObject({ replicationStatus: 'REPLICATED', launchStatus: 'LAUNCHED' });
    expect(await started.rehost.services.store.get('Migration', 'first')).toMatchObject({
      state: 'MIGRATED',
      appName: 'shop',
    });
  });

  test('a second pass updates the stack with new images', async () => {
    const before = await started.rehost.services.stacks.describe((await app()).launchDetails!.stackName!);
    expect((await ended(await begin('second', plan()))).status).toBe('SUCCEEDED');
    const after = await started.rehost.services.stacks.describe((await app()).launchDetails!.stackName!);
    expect(after).toMatchObject({ status: 'UPDATE_COMPLETE', stackId: before!.stackId });
    expect(after!.resources[0]!.physicalId).not.toBe(before!.resources[0]!.physicalId);
  });

  test('waits for approval where the plan asks for it', async () => {
    const executionArn = await begin('approved', plan({ approval: true }));
    await until(
      () => started.rehost.services.store.get('Migration', 'approved'),
      (migration) => migration?.state === 'AWAITING_APPROVAL',
    );
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true }));
    const { parameters } = events.find(({ type }) => type === 'TaskScheduled')!.taskScheduledEventDetails!;
    await sfn.send(new SendTaskSuccessCommand({ taskToken: JSON.parse(parameters!).Payload.taskToken, output: '{}' }));
    expect((await ended(executionArn)).status).toBe('SUCCEEDED');
  });

  test('a plan’s validations take the place of the application’s; without any those stay', async () => {
    const ssm = (name: string) => ({
      name,
      instanceId: 'mi-0123456789abcdef0',
      s3Location: { bucket: 'sms-app-scripts', key: 'check' },
      scriptType: 'SHELL_SCRIPT',
      command: './check',
    });
    const ids = async () => {
      const { appId } = await app();
      const { appValidationConfigurations = [], serverGroupValidationConfigurations = [] } = await started.sms.send(
        new GetAppValidationConfigurationCommand({ appId }),
      );
      const ofServers = serverGroupValidationConfigurations.flatMap(({ serverValidationConfigurations = [] }) =>
        serverValidationConfigurations.map(({ name, server, validationId }) => [
          `${name} of ${server!.vmServer!.vmName}`,
          validationId,
        ]),
      );
      return Object.fromEntries([
        ...appValidationConfigurations.map(({ name, validationId }) => [name, validationId]),
        ...ofServers,
      ]);
    };
    // No script may run on this machine: the migration says so, and fails with it.
    const first = await ended(await begin('validated', plan({ validation: { ssm: [ssm('a'), ssm('b')] } })));
    expect(first).toMatchObject({ error: 'ValidationFailed', cause: expect.stringContaining('--run-scripts') });
    const before = await ids();
    expect(Object.keys(before)).toEqual(['a', 'b']);
    expect(await ended(await begin('unsaid', plan()))).toMatchObject({ error: 'ValidationFailed' });
    expect(await ids()).toEqual(before);

    const { instanceId: _, command: __, ...boot } = ssm('a');
    const userData = [{ ...boot, server: 'web1' }];
    const other = await ended(await begin('other', plan({ validation: { ssm: [ssm('c'), ssm('b')], userData } })));
    expect(other.cause).toContain('there is no object sms-app-scripts/check; put the script there first');
    const after = await ids();
    expect(after).toEqual({ b: before.b, c: expect.any(String), 'a of web1': expect.any(String) });
    expect(after['a of web1']).not.toBe(before.a);

    expect((await ended(await begin('none', plan({ validation: {} })))).status).toBe('SUCCEEDED');
    expect(await ids()).toEqual({});
  });

  test('fails by name when the plan names a server that is not there', async () => {
    const input = plan({
      app: { name: 'other' },
      serverGroups: [{ name: 'g', launchOrder: 1, servers: [{ name: 'nobody' }] }],
    });
    const { status, error, cause } = await ended(await begin('nobody', input));
    expect([status, error]).toEqual(['FAILED', 'ServersNotFoundError']);
    expect(cause).toContain('server nobody is not in the catalog');
    expect(await started.rehost.services.store.get('Migration', 'nobody')).toMatchObject({ state: 'FAILED' });
  });

  test('fails by name when the plan cannot be read', async () => {
    expect(await ended(await begin('bad-plan', { app: { name: 'x' }, groups: [] }))).toMatchObject({
      status: 'FAILED',
      error: 'PlanError',
    });
    expect(await ended(await begin('no-plan', {}))).toMatchObject({ status: 'FAILED', error: 'PlanError' });
  });

  test('fails when replication fails, and terminates the launch where the plan says so', async () => {
    rmSync(join(started.source, 'web1'), { recursive: true });
    const { status, error, cause } = await ended(await begin('broken', plan({ onFailure: 'TERMINATE_LAUNCH' })));
    expect([status, error]).toEqual(['FAILED', 'ReplicationFailed']);
    expect(cause).toContain('web1');
    await until(app, ({ launchStatus }) => launchStatus === 'TERMINATED');
  });

  test('executions are listed by their names, newest first', async () => {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: MACHINE }));
    expect(executions.slice(0, 11).map(({ name }) => name)).toEqual([
      'broken',
      'no-plan',
      'bad-plan',
      'nobody',
      'none',
      'other',
      'unsaid',
      'validated',
      'approved',
      'second',
      'first',
    ]);
  });
});

test('a second pass of an application that is replicated on a schedule is an on-demand run of each job', async () => {
  const scheduled = await start({ clock: fastClock(10), servers: ['db1'] });
  const client = new SFNClient({
    endpoint: scheduled.rehost.url,
    region: 'us-east-1',
    credentials: scheduled.rehost.accessKey,
  });
  const input = plan({
    serverGroups: [{ name: 'g', launchOrder: 1, servers: [{ name: 'db1' }] }],
    replication: { frequency: 24, numberOfRecentAmisToKeep: 1 },
  });
  try {
    for (const name of ['pass-1', 'pass-2']) {
      const { executionArn } = await client.send(
        new StartExecutionCommand({ stateMachineArn: MACHINE, name, input: JSON.stringify(input) }),
      );
      const end = await until(
        () => client.send(new DescribeExecutionCommand({ executionArn })),
        ({ status }) => status !== 'RUNNING',
      );
      expect([name, end.status, end.cause]).toEqual([name, 'SUCCEEDED', undefined]);
    }
    const { apps = [] } = await scheduled.sms.send(new ListAppsCommand({}));
    expect(apps[0]).toMatchObject({ replicationStatus: 'DELTA_REPLICATED', launchStatus: 'LAUNCHED' });
    const { replicationJobList = [] } = await scheduled.sms.send(new GetReplicationJobsCommand({}));
    const runs = replicationJobList[0]!.replicationRunList!.map(({ type, state }) => `${type} ${state}`);
    expect(runs).toEqual(['AUTOMATIC PENDING', 'ON_DEMAND COMPLETED', 'AUTOMATIC COMPLETED']);
  } finally {
    await scheduled.end();
  }
});

describe('a migration that failed after its servers were replicated', () => {
  let failing: Started;
  let client: SFNClient;
  beforeAll(async () => {
    failing = await start({ clock: fastClock(10), servers: ['db1'] });
    client = new SFNClient({
      endpoint: failing.rehost.url,
      region: 'us-east-1',
      credentials: failing.rehost.accessKey,
    });
  });
  afterAll(() => failing.end());

  const GROUP = { name: 'g', launchOrder: 1, servers: [{ name: 'db1' }] };
  const small = (more: object) => plan({ serverGroups: [GROUP], ...more });
  const migrate = async (name: string, input: object) => {
    const { executionArn } = await client.send(
      new StartExecutionCommand({ stateMachineArn: MACHINE, name, input: JSON.stringify(input) }),
    );
    return until(
      () => client.send(new DescribeExecutionCommand({ executionArn })),
      ({ status }) => status !== 'RUNNING',
    );
  };
  const runs = async () => {
    const { replicationJobList = [] } = await failing.sms.send(new GetReplicationJobsCommand({}));
    return replicationJobList.flatMap(({ replicationRunList = [] }) => replicationRunList).length;
  };

  test('goes on with a better plan, and replicates nothing again', async () => {
    const wrong = small({ serverGroups: [{ ...GROUP, launchOrder: 1.5 }] });
    const first = await migrate('first', wrong);
    expect([first.status, first.cause]).toEqual(['FAILED', expect.stringContaining('launchOrder')]);
    expect(await runs()).toBe(1);
    expect((await migrate('second', { ...wrong, resume: 'first' })).status).toBe('FAILED');
    const third = await migrate('third', small({ resume: 'second' }));
    expect([third.status, third.cause, await runs()]).toEqual(['SUCCEEDED', undefined, 1]);
  });

  test.each([
    ['fourth', 'nothing', 'there is no migration nothing'],
    ['fifth', 'third', 'third is MIGRATED, of application shop'],
  ])('is the only one to go on with: %s', async (name, resume, problem) => {
    const end = await migrate(name, small({ resume }));
    expect([end.status, end.cause]).toEqual([
      'FAILED',
      expect.stringContaining(`resume: ${problem}; name a migration`),
    ]);
  });
});
