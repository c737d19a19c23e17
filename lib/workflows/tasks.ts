import { completeAppImport } from './app-catalog-import/complete-app-import.ts';
import { failAppImport } from './app-catalog-import/fail-app-import.ts';
import { importApps } from './app-catalog-import/import-apps.ts';
import { deleteApp } from './app-deletion/delete-app.ts';
import { failDeletion } from './app-deletion/fail-deletion.ts';
import { prepareDeletion } from './app-deletion/prepare-deletion.ts';
import { completeLaunch } from './app-launch/complete-launch.ts';
import { completeTermination } from './app-launch/complete-termination.ts';
import { createStack } from './app-launch/create-stack.ts';
import { deleteStack } from './app-launch/delete-stack.ts';
import { failLaunch } from './app-launch/fail-launch.ts';
import { failValidations } from './app-launch/fail-validations.ts';
import { pollStack } from './app-launch/poll-stack.ts';
import { pollValidations } from './app-launch/poll-validations.ts';
import { queueValidations } from './app-launch/queue-validations.ts';
import { renderTemplate } from './app-launch/render-template.ts';
import { startValidations } from './app-launch/start-validations.ts';
import { createApp } from './app-migration/create-app.ts';
import { generateTemplate } from './app-migration/generate-template.ts';
import { launchApp } from './app-migration/launch-app.ts';
import { pollLaunch } from './app-migration/poll-launch.ts';
import { pollReplication } from './app-migration/poll-replication.ts';
import { pollValidation } from './app-migration/poll-validation.ts';
import { putLaunchConfiguration } from './app-migration/put-launch-configuration.ts';
import { putReplicationConfiguration } from './app-migration/put-replication-configuration.ts';
import { putValidationConfiguration } from './app-migration/put-validation-configuration.ts';
import { recordFailure } from './app-migration/record-failure.ts';
import { recordMigrated } from './app-migration/record-migrated.ts';
import { requestApproval } from './app-migration/request-approval.ts';
import type { MigrationTask } from './app-migration/services.ts';
import { startReplication } from './app-migration/start-replication.ts';
import { stopReplication } from './app-migration/stop-replication.ts';
import { terminateLaunch } from './app-migration/terminate-launch.ts';
import { createOnDemandRuns } from './app-replication/create-on-demand-runs.ts';
import { createReplicationJobs } from './app-replication/create-replication-jobs.ts';
import { deleteReplicationJobs } from './app-replication/delete-replication-jobs.ts';
import { failReplication } from './app-replication/fail-replication.ts';
import { pollJobs } from './app-replication/poll-jobs.ts';
import { validateReplication } from './app-replication/validate-replication.ts';
import { collectServers } from './catalog-import/collect-servers.ts';
import { completeImport } from './catalog-import/complete-import.ts';
import { expireCatalog } from './catalog-import/expire-catalog.ts';
import { failImport } from './catalog-import/fail-import.ts';
import { cancelRuns } from './replication-job-end/cancel-runs.ts';
import { deleteJob } from './replication-job-end/delete-job.ts';
import { endJob } from './replication-job-end/end-job.ts';
import { failJobEnd } from './replication-job-end/fail-job-end.ts';
import { applyRetention } from './replication-run/apply-retention.ts';
import { beginRun } from './replication-run/begin-run.ts';
import { completeRun } from './replication-run/complete-run.ts';
import { failRun } from './replication-run/fail-run.ts';
import { queueTransfer } from './replication-run/queue-transfer.ts';
import { registerImage } from './replication-run/register-image.ts';
import { updateApp } from './replication-run/update-app.ts';
import type { Task } from './task.ts';

/** The functions that the state machines call, by the names that stand in their definitions (`${BeginRun}`). */
export const TASKS = {
  ApplyRetention: applyRetention,
  BeginRun: beginRun,
  CancelRuns: cancelRuns,
  CollectServers: collectServers,
  CompleteAppImport: completeAppImport,
  CompleteImport: completeImport,
  CompleteLaunch: completeLaunch,
  CompleteRun: completeRun,
  CompleteTermination: completeTermination,
  CreateOnDemandRuns: createOnDemandRuns,
  CreateReplicationJobs: createReplicationJobs,
  CreateStack: createStack,
  DeleteApp: deleteApp,
  DeleteJob: deleteJob,
  DeleteReplicationJobs: deleteReplicationJobs,
  DeleteStack: deleteStack,
  EndJob: endJob,
  ExpireCatalog: expireCatalog,
  FailAppImport: failAppImport,
  FailDeletion: failDeletion,
  FailImport: failImport,
  FailJobEnd: failJobEnd,
  FailLaunch: failLaunch,
  FailReplication: failReplication,
  FailRun: failRun,
  FailValidations: failValidations,
  ImportApps: importApps,
  PollJobs: pollJobs,
  PollStack: pollStack,
  PollValidations: pollValidations,
  PrepareDeletion: prepareDeletion,
  QueueTransfer: queueTransfer,
  QueueValidations: queueValidations,
  RegisterImage: registerImage,
  RenderTemplate: renderTemplate,
  StartValidations: startValidations,
  UpdateApp: updateApp,
  ValidateReplication: validateReplication,
} as const satisfies Record<string, Task<never, unknown>>;

/** Those of `app-migration`, which reach the service only as its client. */
export const MIGRATION_TASKS = {
  CreateApp: createApp,
  GenerateTemplate: generateTemplate,
  LaunchApp: launchApp,
  PollLaunch: pollLaunch,
  PollReplication: pollReplication,
  PollValidation: pollValidation,
  PutLaunchConfiguration: putLaunchConfiguration,
  PutReplicationConfiguration: putReplicationConfiguration,
  PutValidationConfiguration: putValidationConfiguration,
  RecordFailure: recordFailure,
  RecordMigrated: recordMigrated,
  RequestApproval: requestApproval,
  StartReplication: startReplication,
  StopReplication: stopReplication,
  TerminateLaunch: terminateLaunch,
} as const satisfies Record<string, MigrationTask<unknown>>;
