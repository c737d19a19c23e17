import type { OperationName } from './shapes.ts';

export type ErrorName =
  | 'DryRunOperationException'
  | 'InternalError'
  | 'InvalidParameterException'
  | 'MissingRequiredParameterException'
  | 'NoConnectorsAvailableException'
  | 'OperationNotPermittedException'
  | 'ReplicationJobAlreadyExistsException'
  | 'ReplicationJobNotFoundException'
  | 'ReplicationRunLimitExceededException'
  | 'ServerCannotBeReplicatedException'
  | 'TemporarilyUnavailableException'
  | 'UnauthorizedOperationException';

const BASIC = [
  'InvalidParameterException',
  'MissingRequiredParameterException',
  'UnauthorizedOperationException',
] as const;
const USUAL = [...BASIC, 'OperationNotPermittedException'] as const;
const OF_APP = ['InternalError', ...USUAL] as const;
const UNAVAILABLE = 'TemporarilyUnavailableException';

/** The errors that the model names for each operation. Source: the last public model; a test holds them against the SDK's documentation. */
export const MODEL_ERRORS: Readonly<Record<OperationName, readonly ErrorName[]>> = {
  CreateApp: OF_APP,
  CreateReplicationJob: [
    ...OF_APP,
    UNAVAILABLE,
    'NoConnectorsAvailableException',
    'ReplicationJobAlreadyExistsException',
    'ServerCannotBeReplicatedException',
  ],
  DeleteApp: OF_APP,
  DeleteAppLaunchConfiguration: OF_APP,
  DeleteAppReplicationConfiguration: OF_APP,
  DeleteAppValidationConfiguration: OF_APP,
  DeleteReplicationJob: [...USUAL, 'ReplicationJobNotFoundException'],
  DeleteServerCatalog: USUAL,
  DisassociateConnector: USUAL,
  GenerateChangeSet: OF_APP,
  GenerateTemplate: OF_APP,
  GetApp: OF_APP,
  GetAppLaunchConfiguration: OF_APP,
  GetAppReplicationConfiguration: OF_APP,
  GetAppValidationConfiguration: OF_APP,
  GetAppValidationOutput: OF_APP,
  GetConnectors: ['UnauthorizedOperationException'],
  GetReplicationJobs: BASIC,
  GetReplicationRuns: BASIC,
  GetServers: ['InternalError', ...BASIC],
  ImportAppCatalog: OF_APP,
  ImportServerCatalog: [...USUAL, 'NoConnectorsAvailableException'],
  LaunchApp: OF_APP,
  ListApps: OF_APP,
  NotifyAppValidationOutput: OF_APP,
  PutAppLaunchConfiguration: OF_APP,
  PutAppReplicationConfiguration: OF_APP,
  PutAppValidationConfiguration: OF_APP,
  StartAppReplication: OF_APP,
  StartOnDemandAppReplication: OF_APP,
  StartOnDemandReplicationRun: [...USUAL, 'DryRunOperationException', 'ReplicationRunLimitExceededException'],
  StopAppReplication: OF_APP,
  TerminateApp: OF_APP,
  UpdateApp: OF_APP,
  UpdateReplicationJob: [
    ...OF_APP,
    UNAVAILABLE,
    'ReplicationJobNotFoundException',
    'ServerCannotBeReplicatedException',
  ],
};
