import {
  type AppSummary,
  GetReplicationJobsCommand,
  ListAppsCommand,
  type ReplicationJob,
  type SMSClient,
} from '@aws-sdk/client-sms';
import type { Command } from './command.ts';
import { OF_THE_ENVIRONMENT, requiredEndpoint } from './endpoint.ts';

export const status: Command = {
  options: {},
  notes: [OF_THE_ENVIRONMENT],
  examples: [{ line: 'rehost status' }],
  async run() {
    const { sms } = requiredEndpoint(process.env);
    const apps = await allApps(sms);
    console.log(apps.length > 0 ? 'APPLICATIONS' : 'no applications');
    for (const app of apps) console.log(appLine(app));
    const jobs = await allJobs(sms);
    console.log(jobs.length > 0 ? '\nREPLICATION JOBS' : '\nno replication jobs');
    for (const job of jobs) console.log(jobLine(job));
    return 0;
  },
};

async function allApps(sms: SMSClient): Promise<AppSummary[]> {
  const apps: AppSummary[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sms.send(new ListAppsCommand({ nextToken }));
    apps.push(...(page.apps ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return apps;
}

async function allJobs(sms: SMSClient): Promise<ReplicationJob[]> {
  const jobs: ReplicationJob[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sms.send(new GetReplicationJobsCommand({ nextToken }));
    jobs.push(...(page.replicationJobList ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return jobs.filter(({ state }) => state !== 'DELETED');
}

const appLine = ({
  appId,
  name,
  totalServers,
  replicationStatus,
  launchStatus,
  replicationStatusMessage,
  launchStatusMessage,
}: AppSummary) =>
  [
    `  ${appId}  ${name}  ${totalServers} servers  ${replicationStatus}  ${launchStatus}`,
    replicationStatusMessage,
    launchStatusMessage,
  ]
    .filter(Boolean)
    .join('\n      ');

function jobLine({
  replicationJobId,
  vmServer,
  state,
  latestAmiId,
  statusMessage,
  replicationRunList = [],
}: ReplicationJob): string {
  const active = replicationRunList.find((run) => run.state === 'ACTIVE');
  const next = replicationRunList.find((run) => run.state === 'PENDING');
  const run = active
    ? `${active.stageDetails?.stageProgress ?? ''} ${active.statusMessage ?? ''}`
    : next
      ? `next run ${next.scheduledStartTime?.toISOString()}`
      : '';
  const last = replicationRunList.find((one) => one.state === 'COMPLETED')?.statusMessage;
  return [
    `  ${replicationJobId}  ${vmServer?.vmName}  ${state}  ${latestAmiId ?? 'no image yet'}  ${run}`,
    statusMessage,
    // Whether its guest was quiesced, and with whom it was frozen.
    last?.startsWith('Completed. ') ? `last image: ${last.slice('Completed. '.length)}` : undefined,
  ]
    .filter(Boolean)
    .join('\n      ');
}
