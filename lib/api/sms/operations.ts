import type { Operation } from './operation.ts';
import { createApp } from './operations/create-app.ts';
import { createReplicationJob } from './operations/create-replication-job.ts';
import { deleteApp } from './operations/delete-app.ts';
import { deleteAppLaunchConfiguration } from './operations/delete-app-launch-configuration.ts';
import { deleteAppReplicationConfiguration } from './operations/delete-app-replication-configuration.ts';
import { deleteReplicationJob } from './operations/delete-replication-job.ts';
import { deleteServerCatalog } from './operations/delete-server-catalog.ts';
import { disassociateConnector } from './operations/disassociate-connector.ts';
import { generateTemplate } from './operations/generate-template.ts';
import { getApp } from './operations/get-app.ts';
import { getAppLaunchConfiguration } from './operations/get-app-launch-configuration.ts';
import { getAppReplicationConfiguration } from './operations/get-app-replication-configuration.ts';
import { getConnectors } from './operations/get-connectors.ts';
import { getReplicationJobs } from './operations/get-replication-jobs.ts';
import { getReplicationRuns } from './operations/get-replication-runs.ts';
import { getServers } from './operations/get-servers.ts';
import { importServerCatalog } from './operations/import-server-catalog.ts';
import { launchApp } from './operations/launch-app.ts';
import { listApps } from './operations/list-apps.ts';
import { putAppLaunchConfiguration } from './operations/put-app-launch-configuration.ts';
import { putAppReplicationConfiguration } from './operations/put-app-replication-configuration.ts';
import { startAppReplication } from './operations/start-app-replication.ts';
import { startOnDemandAppReplication } from './operations/start-on-demand-app-replication.ts';
import { startOnDemandReplicationRun } from './operations/start-on-demand-replication-run.ts';
import { stopAppReplication } from './operations/stop-app-replication.ts';
import { terminateApp } from './operations/terminate-app.ts';
import { updateApp } from './operations/update-app.ts';
import { updateReplicationJob } from './operations/update-replication-job.ts';

/** The operations that are served, by their names on the wire. */
export const OPERATIONS = {
  CreateApp: createApp,
  CreateReplicationJob: createReplicationJob,
  DeleteApp: deleteApp,
  DeleteAppLaunchConfiguration: deleteAppLaunchConfiguration,
  DeleteAppReplicationConfiguration: deleteAppReplicationConfiguration,
  DeleteReplicationJob: deleteReplicationJob,
  DeleteServerCatalog: deleteServerCatalog,
  DisassociateConnector: disassociateConnector,
  GenerateTemplate: generateTemplate,
  GetApp: getApp,
  GetAppLaunchConfiguration: getAppLaunchConfiguration,
  GetAppReplicationConfiguration: getAppReplicationConfiguration,
  GetConnectors: getConnectors,
  GetReplicationJobs: getReplicationJobs,
  GetReplicationRuns: getReplicationRuns,
  GetServers: getServers,
  ImportServerCatalog: importServerCatalog,
  LaunchApp: launchApp,
  ListApps: listApps,
  PutAppLaunchConfiguration: putAppLaunchConfiguration,
  PutAppReplicationConfiguration: putAppReplicationConfiguration,
  StartAppReplication: startAppReplication,
  StartOnDemandAppReplication: startOnDemandAppReplication,
  StartOnDemandReplicationRun: startOnDemandReplicationRun,
  StopAppReplication: stopAppReplication,
  TerminateApp: terminateApp,
  UpdateApp: updateApp,
  UpdateReplicationJob: updateReplicationJob,
} as const satisfies Record<string, Operation<never, object>>;
