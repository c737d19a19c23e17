import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  GetAppCommand,
  GetAppValidationOutputCommand,
  GetReplicationJobsCommand,
  ListAppsCommand,
  type ReplicationJob,
} from '@aws-sdk/client-sms';
import type { Rehost } from '../local/rehost.ts';
import type { MigrationPlan } from '../workflows/app-migration/plan.ts';
import { describeFailure } from '../workflows/failure.ts';
import { executionName } from '../workflows/rules.ts';
import { type Arguments, type Command, type Options, UsageError } from './command.ts';
import { COPY_OPTIONS } from './copy-options.ts';
import { connect, type Endpoint, endpointOfEnvironment, fetchEvents } from './endpoint.ts';
import { importServers } from './import.ts';
import {
  failedMigration,
  type MigrationFile,
  migrationMachine,
  readMigrationFile,
  runningMigration,
} from './migration.ts';
import { type Display, display, type ServerProgress } from './progress.ts';
import { log, SERVICE_OPTIONS, serviceOptions } from './service-options.ts';
import { DATA } from './shared-options.ts';

/** Milliseconds between two looks at the migration. */
const INTERVAL = 250;

/** What a person is told when the workflow comes to a state. */
const STEPS: Readonly<Record<string, string>> = {
  CreateApp: 'Finding the servers, creating the application',
  PutReplicationConfiguration: 'Configuring replication',
  StartReplication: 'Replicating',
  PutLaunchConfiguration: 'Configuring the launch',
  GenerateTemplate: 'Generating the template',
  AwaitApproval: 'Waiting for approval (`rehost approve MIGRATION`)',
  LaunchApp: 'Launching',
  WaitForValidation: 'Validating',
  RecordFailure: 'The migration failed',
  StopReplication: 'Stopping replication, as the plan says',
  TerminateLaunch: 'Terminating the launch, as the plan says',
};

/** Options of the service that is started where there is none. */
const OF_ITS_OWN = { data: DATA, 'run-scripts': SERVICE_OPTIONS['run-scripts'], ...COPY_OPTIONS };

export const migrate: Command = {
  arguments: [{ name: 'FILE', text: 'the migration file, in YAML as examples/shop/migration.yaml' }],
  options: {
    resume: {
      type: 'boolean',
      text: 'goes on with the last migration of the application that failed, without replicating again what is replicated',
    },
    ...OF_ITS_OWN,
  },
  notes: [
    'With AWS_ENDPOINT_URL set, which the lines that `rehost up` prints do, the service there migrates. Otherwise one is started for the time of the migration, with the `sources` of the file; --data and all below it are for that one.',
    'A migration that is under way already is watched, not begun again.',
  ],
  examples: [
    { line: 'rehost migrate examples/shop/migration.yaml' },
    {
      text: 'after a failure, with its cause put right',
      line: 'rehost migrate examples/shop/migration.yaml --resume',
    },
  ],
  async run({ values, positionals: [path] }) {
    const file = { ...readMigrationFile(path!), resume: values.resume === true };
    const known = endpointOfEnvironment(process.env);
    if (known) {
      demandNone(OF_ITS_OWN, values);
      return migrateAt(known, file);
    }
    const rehost = await embedded(file, values);
    try {
      const { url, accessKey, services } = rehost;
      return await migrateAt(connect({ url, region: services.config.region, credentials: accessKey }), file, rehost);
    } finally {
      await rehost.stop();
    }
  },
};

/** Options for a service of its own do nothing to one that runs already. */
function demandNone(options: Options, values: Arguments['values']) {
  const given = Object.keys(options).find((name) => values[name] !== options[name]!.default);
  if (given)
    throw new UsageError(
      `--${given} is for a service of its own; give it to the \`rehost up\` that AWS_ENDPOINT_URL names`,
    );
}

async function embedded({ sources }: MigrationFile, values: Arguments['values']): Promise<Rehost> {
  const { startRehost } = await import('../local/rehost.ts');
  if (sources.length === 0)
    throw new UsageError(
      'the file names no sources, and AWS_ENDPOINT_URL names no service; add `sources: [images:FOLDER]` to the file',
    );
  return startRehost({ ...serviceOptions({ ...values, port: '0', source: sources }), log });
}

/** Starts the migration, or goes on watching the one that is under way, and tells what it made. */
async function migrateAt(
  endpoint: Endpoint,
  { plan, resume }: MigrationFile & { resume: boolean },
  rehost?: Rehost,
): Promise<number> {
  const screen = display(process.stdout);
  const began = Date.now();
  const eventsBefore = await countEvents(endpoint);
  const running = await runningMigration(plan.app.name, endpoint);
  const former = resume && !running ? { resume: await failedMigration(plan.app.name, endpoint) } : {};
  const executionArn = running ?? (await begin({ ...plan, ...former }, { endpoint, screen }));
  screen.step(`${running ? 'Going on with' : 'Started'} migration ${executionArn.split(':').at(-1)}`);
  const end = await watch(executionArn, plan, { endpoint, screen });
  if (end.status !== 'SUCCEEDED') {
    console.error(
      `rehost: the migration ${end.status?.toLowerCase()}: ${describeFailure({ Error: end.error ?? '', Cause: end.cause ?? '' })}`,
    );
    console.error(
      'Put the cause right, in the file too if it is there; `--resume` then goes on without replicating again what is replicated.',
    );
    return 1;
  }
  await summarise(plan, { endpoint, rehost, eventsBefore, seconds: (Date.now() - began) / 1_000, output: end.output! });
  return 0;
}

async function begin(
  plan: MigrationPlan,
  { endpoint, screen }: { endpoint: Endpoint; screen: Display },
): Promise<string> {
  screen.step('Importing the server catalog');
  await importServers(endpoint.sms);
  const stateMachineArn = await migrationMachine(endpoint);
  const name = executionName(plan.app.name, 'migration', new Date().toISOString().replaceAll(/[-:.]/g, ''));
  const { executionArn } = await endpoint.sfn.send(
    new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(plan) }),
  );
  return executionArn!;
}

async function watch(
  executionArn: string,
  { app }: MigrationPlan,
  { endpoint, screen }: { endpoint: Endpoint; screen: Display },
): Promise<DescribeExecutionOutput> {
  const seen: Seen = { id: 0 };
  for (;;) {
    const execution = await endpoint.sfn.send(new DescribeExecutionCommand({ executionArn }));
    await showSteps(executionArn, seen, { endpoint, screen });
    screen.servers(await serverProgress(app.name, endpoint, execution.startDate!));
    if (execution.status !== 'RUNNING') return execution;
    await sleep(INTERVAL);
  }
}

/** What was shown of a migration: the last event of its history, and the last step. */
interface Seen {
  id: number;
  text?: string;
}

/** Shows the states that the workflow entered since it was last looked at. */
async function showSteps(
  executionArn: string,
  seen: Seen,
  { endpoint, screen }: { endpoint: Endpoint; screen: Display },
): Promise<void> {
  const { events = [] } = await endpoint.sfn.send(
    new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 100 }),
  );
  const fresh = events.filter(({ id }) => id! > seen.id).reverse();
  for (const { stateEnteredEventDetails } of fresh) {
    const text = STEPS[stateEnteredEventDetails?.name ?? ''];
    // A state that is entered again and again, while something is waited for, is told once.
    if (text && text !== seen.text) screen.step(text);
    if (text) seen.text = text;
  }
  seen.id = fresh.at(-1)?.id ?? seen.id;
}

async function serverProgress(appName: string, endpoint: Endpoint, since: Date): Promise<ServerProgress[]> {
  const jobs = await jobsOfApp(appName, endpoint);
  return jobs.flatMap(({ vmServer, replicationRunList = [] }) => {
    const run = replicationRunList.find(
      ({ state, completedTime }) => state === 'ACTIVE' || (completedTime && completedTime >= since),
    );
    if (!run) return [];
    const percent = run.state === 'COMPLETED' ? 100 : Number.parseInt(run.stageDetails?.stageProgress ?? '0', 10);
    return [
      {
        name: vmServer?.vmName ?? '',
        stage: run.state === 'ACTIVE' ? (run.stageDetails?.stage ?? '') : run.state!.toLowerCase(),
        text: run.state === 'ACTIVE' ? (run.statusMessage ?? '') : run.state!.toLowerCase(),
        percent,
      },
    ];
  });
}

async function jobsOfApp(appName: string, { sms }: Endpoint): Promise<ReplicationJob[]> {
  const { apps = [] } = await sms.send(new ListAppsCommand({}));
  const app = apps.find(({ name }) => name === appName);
  if (!app) return [];
  const { serverGroups = [] } = await sms.send(new GetAppCommand({ appId: app.appId }));
  const jobIds = serverGroups.flatMap(({ serverList = [] }) =>
    serverList.flatMap(({ replicationJobId }) => replicationJobId ?? []),
  );
  const answers = await Promise.all(
    jobIds.map((replicationJobId) => sms.send(new GetReplicationJobsCommand({ replicationJobId }))),
  );
  return answers.flatMap(({ replicationJobList = [] }) => replicationJobList);
}

/** Tells what the migration made. */
async function summarise(
  plan: MigrationPlan,
  {
    endpoint,
    rehost,
    eventsBefore,
    seconds,
    output,
  }: { endpoint: Endpoint; rehost: Rehost | undefined; eventsBefore: number; seconds: number; output: string },
) {
  const { app, template, summary } = JSON.parse(output) as {
    app: { appId: string };
    template: { bucket: string; key: string };
    summary: { stackName: string };
  };
  const { validationOutputList: validations = [] } = await endpoint.sms.send(
    new GetAppValidationOutputCommand({ appId: app.appId }),
  );
  const images = (await jobsOfApp(plan.app.name, endpoint)).map(
    ({ vmServer, latestAmiId }) => `  ${latestAmiId}  ${vmServer?.vmName}`,
  );
  const stack = await rehost?.services.stacks.describe(summary.stackName);
  const instances = (stack?.resources ?? [])
    .filter(({ type }) => type === 'AWS::EC2::Instance')
    .map(({ physicalId, logicalId }) => `  ${physicalId}  ${logicalId}`);
  console.log(
    [
      '',
      `Application ${plan.app.name} is migrated.`,
      `Images (${images.length})`,
      ...images,
      `Template\n  ${template.bucket}/${template.key}`,
      `Stack\n  ${summary.stackName}${stack ? `  ${stack.status}` : ''}`,
      ...(instances.length > 0 ? [`Instances, in the order of their launch (${instances.length})`, ...instances] : []),
      ...(validations.length > 0 ? [`Validations (${validations.length})`] : []),
      ...validations.map(({ name, status, statusMessage }) => `  ${name}  ${status}  ${statusMessage ?? ''}`.trimEnd()),
      `Events published\n  ${(await countEvents(endpoint)) - eventsBefore}`,
      `Time\n  ${seconds.toFixed(1)} s`,
    ].join('\n'),
  );
}

async function countEvents(endpoint: Endpoint): Promise<number> {
  let count = 0;
  for (let after = 0; ; ) {
    const page = await fetchEvents(endpoint, after);
    if (page.length === 0) return count;
    count += page.length;
    after = page.at(-1)!.position;
  }
}
