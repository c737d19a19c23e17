import type { Operation } from './operation.ts';
import { createApp } from './operations/create-app.ts';
import { createReplicationJob } from './operations/create-replication-job.ts';
import { deleteApp } from './operations/delete-app.ts';
import { deleteAppLaunchConfiguration } from './operations/delete-app-launch-configuration.ts';
import { deleteAppReplicationConfiguration } from './operations/delete-app-replication-configuration.ts';
import { deleteAppValidationConfiguration } from './operations/delete-app-validation-configuration.ts';
import { deleteReplicationJob } from './operations/delete-replication-job.ts';
import { deleteServerCatalog } from './operations/delete-server-catalog.ts';
import { disassociateConnector } from './operations/disassociate-connector.ts';
import { generateChangeSet } from './operations/generate-change-set.ts';
import { generateTemplate } from './operations/generate-template.ts';
import { getApp } from './operations/get-app.ts';
import { getAppLaunchConfiguration } from './operations/get-app-launch-configuration.ts';
import { getAppReplicationConfiguration } from './operations/get-app-replication-configuration.ts';
import { getAppValidationConfiguration } from './operations/get-app-validation-configuration.ts';
import { getAppValidationOutput } from './operations/get-app-validation-output.ts';
import { getConnectors } from './operations/get-connectors.ts';
import { getReplicationJobs } from './operations/get-replication-jobs.ts';
import { getReplicationRuns } from './operations/get-replication-runs.ts';
import { getServers } from './operations/get-servers.ts';
import { importAppCatalog } from './operations/import-app-catalog.ts';
import { importServerCatalog } from './operations/import-server-catalog.ts';
import { launchApp } from './operations/launch-app.ts';
import { listApps } from './operations/list-apps.ts';
import { notifyAppValidationOutput } from './operations/notify-app-validation-output.ts';
import { putAppLaunchConfiguration } from './operations/put-app-launch-configuration.ts';
import { putAppReplicationConfiguration } from './operations/put-app-replication-configuration.ts';
import { putAppValidationConfiguration } from './operations/put-app-validation-configuration.ts';
import { startAppReplication } from './operations/start-app-replication.ts';
import { startOnDemandAppReplication } from './operations/start-on-demand-app-replication.ts';
import { startOnDemandReplicationRun } from './operations/start-on-demand-replication-run.ts';
import { stopAppReplication } from './operations/stop-app-replication.ts';
import { terminateApp } from './operations/terminate-app.ts';
import { updateApp } from './operations/update-app.ts';
import { updateReplicationJob } from './operations/update-replication-job.ts';
import type { OperationName } from './shapes.ts';

/** The operations, by their names on the wire. */
export const OPERATIONS = {
  CreateApp: createApp,
  CreateReplicationJob: createReplicationJob,
  DeleteApp: deleteApp,
  DeleteAppLaunchConfiguration: deleteAppLaunchConfiguration,
  DeleteAppReplicationConfiguration: deleteAppReplicationConfiguration,
  DeleteAppValidationConfiguration: deleteAppValidationConfiguration,
  DeleteReplicationJob: deleteReplicationJob,
  DeleteServerCatalog: deleteServerCatalog,
  DisassociateConnector: disassociateConnector,
  GenerateChangeSet: generateChangeSet,
  GenerateTemplate: generateTemplate,
  GetApp: getApp,
  GetAppLaunchConfiguration: getAppLaunchConfiguration,
  GetAppReplicationConfiguration: getAppReplicationConfiguration,
  GetAppValidationConfiguration: getAppValidationConfiguration,
  GetAppValidationOutput: getAppValidationOutput,
  GetConnectors: getConnectors,
  GetReplicationJobs: getReplicationJobs,
  GetReplicationRuns: getReplicationRuns,
  GetServers: getServers,
  ImportAppCatalog: importAppCatalog,
  ImportServerCatalog: importServerCatalog,
  LaunchApp: launchApp,
  ListApps: listApps,
  NotifyAppValidationOutput: notifyAppValidationOutput,
  PutAppLaunchConfiguration: putAppLaunchConfiguration,
  PutAppReplicationConfiguration: putAppReplicationConfiguration,
  PutAppValidationConfiguration: putAppValidationConfiguration,
  StartAppReplication: startAppReplication,
  StartOnDemandAppReplication: startOnDemandAppReplication,
  StartOnDemandReplicationRun: startOnDemandReplicationRun,
  StopAppReplication: stopAppReplication,
  TerminateApp: terminateApp,
  UpdateApp: updateApp,
  UpdateReplicationJob: updateReplicationJob,
} as const satisfies Record<OperationName, Operation<never, object>>;
