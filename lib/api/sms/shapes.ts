import { list, named, oneOf, oneOfSpelled, required, type Structure, structure, text } from '../shape.ts';

/**
 * The inputs and outputs of SMS's 35 operations as data. Source: the last public model (API version 2016-10-24), as `@aws-sdk/client-sms` 3.523.0 has it;
 * shapes.check.ts holds each member, type and enum value against that package's types. `appId` is required wherever it names the application: the model
 * leaves it open in the older operations, the service does not. Spellings of the legacy wire: the user guide's listings of 2016 to 2021 and a capture of
 * 2018; servers, connectors and applications are spelled as in the model there too, or no listing shows them.
 */

/** Longest text that no rule of its own bounds: the model has no limit, CloudFormation and EC2 take no more. */
const words = text({ max: 1_024 });
const id = text({ min: 1, max: 256 });
const boolean = { type: 'boolean' } as const;
const integer = { type: 'integer', min: -(2 ** 31), max: 2 ** 31 - 1 } as const;
const timestamp = { type: 'timestamp' } as const;

const licenseType = oneOf('AWS', 'BYOL');
const outputFormat = oneOf('JSON', 'YAML');
const scriptType = oneOf('SHELL_SCRIPT', 'POWERSHELL_SCRIPT');
const vmManagerType = oneOfSpelled({ VSPHERE: 'vSphere', SCVMM: 'SCVMM', 'HYPERV-MANAGER': 'HYPERV-MANAGER' });
const configurationStatus = oneOf('NOT_CONFIGURED', 'CONFIGURED');
const validationStatus = oneOf('READY_FOR_VALIDATION', 'PENDING', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED');

const bucket = text({ min: 3, max: 63 });
const s3Location = named('S3Location', { bucket, key: text({ min: 1, max: 1_024 }) });
const source = named('Source', { s3Location });
const tag = named('Tag', { key: words, value: words });
/** Names of validations are the only ones that the model bounds: no spaces. */
const validationName = text({ min: 1, max: 255, pattern: /^\S+$/ });
const validationId = text({ pattern: /^val-[0-9a-f]{17}$/ });

// Servers and their groups. Callers send back what GetServers and GetApp gave them; only the ids count.
const vmServerAddress = named('VmServerAddress', { vmManagerId: id, vmId: id });
const vmServer = named('VmServer', {
  vmServerAddress,
  vmName: words,
  vmManagerName: words,
  vmManagerType,
  vmPath: words,
});
const server = named('Server', {
  serverId: id,
  serverType: oneOf('VIRTUAL_MACHINE'),
  vmServer,
  replicationJobId: id,
  replicationJobTerminated: boolean,
});
const serverGroup = named('ServerGroup', { serverGroupId: id, name: words, serverList: list(server) });

// Applications.
const app = {
  name: words,
  description: words,
  roleName: words,
  serverGroups: list(serverGroup),
  tags: list(tag),
} as const;
const appSummary = named('AppSummary', {
  appId: id,
  importedAppId: id,
  name: words,
  description: words,
  status: oneOf('CREATING', 'ACTIVE', 'UPDATING', 'DELETING', 'DELETED', 'DELETE_FAILED'),
  statusMessage: words,
  replicationConfigurationStatus: configurationStatus,
  replicationStatus: oneOf(
    'READY_FOR_CONFIGURATION',
    'CONFIGURATION_IN_PROGRESS',
    'CONFIGURATION_INVALID',
    'READY_FOR_REPLICATION',
    'VALIDATION_IN_PROGRESS',
    'REPLICATION_PENDING',
    'REPLICATION_IN_PROGRESS',
    'REPLICATED',
    'PARTIALLY_REPLICATED',
    'DELTA_REPLICATION_IN_PROGRESS',
    'DELTA_REPLICATED',
    'DELTA_REPLICATION_FAILED',
    'REPLICATION_FAILED',
    'REPLICATION_STOPPING',
    'REPLICATION_STOP_FAILED',
    'REPLICATION_STOPPED',
  ),
  replicationStatusMessage: words,
  latestReplicationTime: timestamp,
  launchConfigurationStatus: configurationStatus,
  launchStatus: oneOf(
    'READY_FOR_CONFIGURATION',
    'CONFIGURATION_IN_PROGRESS',
    'CONFIGURATION_INVALID',
    'READY_FOR_LAUNCH',
    'VALIDATION_IN_PROGRESS',
    'LAUNCH_PENDING',
    'LAUNCH_IN_PROGRESS',
    'LAUNCHED',
    'PARTIALLY_LAUNCHED',
    'DELTA_LAUNCH_IN_PROGRESS',
    'DELTA_LAUNCH_FAILED',
    'LAUNCH_FAILED',
    'TERMINATE_IN_PROGRESS',
    'TERMINATE_FAILED',
    'TERMINATED',
  ),
  launchStatusMessage: words,
  launchDetails: named('LaunchDetails', { latestLaunchTime: timestamp, stackName: words, stackId: words }),
  creationTime: timestamp,
  lastModified: timestamp,
  roleName: words,
  totalServerGroups: integer,
  totalServers: integer,
});
const appOutput = structure({ appSummary, serverGroups: list(serverGroup), tags: list(tag) });

// Replication: jobs, runs, and the configuration of an application's.
const replicationParameters = {
  frequency: integer,
  licenseType,
  numberOfRecentAmisToKeep: integer,
  encrypted: boolean,
  kmsKeyId: words,
} as const;
/** What can be changed; whether a job runs once cannot. */
const job = { ...replicationParameters, roleName: words, description: words } as const;
const replicationRun = named('ReplicationRun', {
  replicationRunId: id,
  state: oneOfSpelled({
    PENDING: 'Pending',
    MISSED: 'Missed',
    ACTIVE: 'Active',
    FAILED: 'Failed',
    COMPLETED: 'Completed',
    DELETING: 'Deleting',
    DELETED: 'Deleted',
  }),
  type: oneOfSpelled({ ON_DEMAND: 'OnDemand', AUTOMATIC: 'Automatic' }),
  stageDetails: named('ReplicationRunStageDetails', { stage: words, stageProgress: words }),
  statusMessage: words,
  amiId: id,
  scheduledStartTime: timestamp,
  completedTime: timestamp,
  description: words,
  encrypted: boolean,
  kmsKeyId: words,
});
const replicationJob = named('ReplicationJob', {
  ...job,
  runOnce: boolean,
  replicationJobId: id,
  serverId: id,
  serverType: oneOf('VIRTUAL_MACHINE'),
  vmServer,
  seedReplicationTime: timestamp,
  nextReplicationRunStartTime: timestamp,
  latestAmiId: id,
  state: oneOfSpelled({
    PENDING: 'Pending',
    ACTIVE: 'Active',
    FAILED: 'Failed',
    DELETING: 'Deleting',
    DELETED: 'Deleted',
    COMPLETED: 'Completed',
    PAUSED_ON_FAILURE: 'PausedOnFailure',
    FAILING: 'Failing',
  }),
  statusMessage: words,
  replicationRunList: list(replicationRun),
});
const replicationConfiguration = {
  serverGroupReplicationConfigurations: list(
    named('ServerGroupReplicationConfiguration', {
      serverGroupId: id,
      serverReplicationConfigurations: list(
        named('ServerReplicationConfiguration', {
          server,
          serverReplicationParameters: named('ServerReplicationParameters', {
            ...replicationParameters,
            runOnce: boolean,
            seedTime: timestamp,
          }),
        }),
      ),
    }),
  ),
} as const;

// Launch.
const serverLaunchConfiguration = named('ServerLaunchConfiguration', {
  server,
  logicalId: words,
  vpc: words,
  subnet: words,
  securityGroup: words,
  ec2KeyName: words,
  userData: named('UserData', { s3Location }),
  instanceType: words,
  associatePublicIpAddress: boolean,
  iamInstanceProfileName: words,
  configureScript: s3Location,
  configureScriptType: scriptType,
});
const launchConfiguration = {
  roleName: words,
  autoLaunch: boolean,
  serverGroupLaunchConfigurations: list(
    named('ServerGroupLaunchConfiguration', {
      serverGroupId: id,
      launchOrder: integer,
      serverLaunchConfigurations: list(serverLaunchConfiguration),
    }),
  ),
} as const;

// Validation.
const appValidationConfiguration = named('AppValidationConfiguration', {
  validationId,
  name: validationName,
  appValidationStrategy: oneOf('SSM'),
  ssmValidationParameters: named('SSMValidationParameters', {
    source,
    instanceId: text({ pattern: /^i-(\w{8}|\w{17})$|^mi-\w{17}$/ }),
    scriptType,
    command: text({ min: 1, max: 64_000 }),
    executionTimeoutSeconds: { type: 'integer', min: 60, max: 28_800 },
    outputS3BucketName: bucket,
  }),
});
const serverValidationConfiguration = named('ServerValidationConfiguration', {
  server,
  validationId,
  name: validationName,
  serverValidationStrategy: oneOf('USERDATA'),
  userDataValidationParameters: named('UserDataValidationParameters', { source, scriptType }),
});
const validationConfiguration = {
  appValidationConfigurations: list(appValidationConfiguration),
  serverGroupValidationConfigurations: list(
    named('ServerGroupValidationConfiguration', {
      serverGroupId: id,
      serverValidationConfigurations: list(serverValidationConfiguration),
    }),
  ),
} as const;
const validationOutput = named('ValidationOutput', {
  validationId,
  name: validationName,
  status: validationStatus,
  statusMessage: text({ max: 2_500 }),
  latestValidationTime: timestamp,
  appValidationOutput: named('AppValidationOutput', { ssmOutput: named('SSMOutput', { s3Location }) }),
  serverValidationOutput: named('ServerValidationOutput', { server }),
});

const connector = named('Connector', {
  connectorId: id,
  version: words,
  status: oneOf('HEALTHY', 'UNHEALTHY'),
  capabilityList: list(oneOf('VSPHERE', 'SCVMM', 'HYPERV-MANAGER', 'SNAPSHOT_BATCHING', 'SMS_OPTIMIZED')),
  vmManagerName: words,
  vmManagerType,
  vmManagerId: id,
  ipAddress: words,
  macAddress: words,
  associatedOn: timestamp,
});

const nothing = structure({});
const appId = required(id);
const ofApp = structure({ appId });
/** The validation operations, and they alone, give the id's form. */
const validatedAppId = required(text({ pattern: /^app-[0-9a-f]{17}$/ }));
const ofValidatedApp = structure({ appId: validatedAppId });
const replicationJobId = required(id);
const nextToken = text({ min: 1, max: 2_048 });
const page = { nextToken, maxResults: { type: 'integer', min: 1, max: 1_000 } } as const;

/** Every operation of the model, in the order of their names. */
export const OPERATION_SHAPES = {
  CreateApp: { input: structure({ ...app, clientToken: id }), output: appOutput },
  CreateReplicationJob: {
    input: structure({ ...job, runOnce: boolean, serverId: required(id), seedReplicationTime: required(timestamp) }),
    output: structure({ replicationJobId: id }),
  },
  DeleteApp: {
    input: structure({ appId, forceStopAppReplication: boolean, forceTerminateApp: boolean }),
    output: nothing,
  },
  DeleteAppLaunchConfiguration: { input: ofApp, output: nothing },
  DeleteAppReplicationConfiguration: { input: ofApp, output: nothing },
  DeleteAppValidationConfiguration: { input: ofValidatedApp, output: nothing },
  DeleteReplicationJob: { input: structure({ replicationJobId }), output: nothing },
  DeleteServerCatalog: { input: nothing, output: nothing },
  DisassociateConnector: { input: structure({ connectorId: required(id) }), output: nothing },
  GenerateChangeSet: {
    input: structure({ appId, changesetFormat: outputFormat }),
    output: structure({ s3Location }),
  },
  GenerateTemplate: {
    input: structure({ appId, templateFormat: outputFormat }),
    output: structure({ s3Location }),
  },
  GetApp: { input: ofApp, output: appOutput },
  GetAppLaunchConfiguration: { input: ofApp, output: structure({ ...launchConfiguration, appId: id }) },
  GetAppReplicationConfiguration: { input: ofApp, output: structure(replicationConfiguration) },
  GetAppValidationConfiguration: { input: ofValidatedApp, output: structure(validationConfiguration) },
  GetAppValidationOutput: {
    input: ofValidatedApp,
    output: structure({ validationOutputList: list(validationOutput) }),
  },
  GetConnectors: { input: structure(page), output: structure({ connectorList: list(connector), nextToken }) },
  GetReplicationJobs: {
    input: structure({ ...page, replicationJobId: id }),
    output: structure({ replicationJobList: list(replicationJob), nextToken }),
  },
  GetReplicationRuns: {
    input: structure({ ...page, replicationJobId }),
    output: structure({ replicationJob, replicationRunList: list(replicationRun), nextToken }),
  },
  GetServers: {
    input: structure({ ...page, vmServerAddressList: list(vmServerAddress, 1_000) }),
    output: structure({
      lastModifiedOn: timestamp,
      serverCatalogStatus: oneOfSpelled({
        NOT_IMPORTED: 'NOT IMPORTED',
        IMPORTING: 'IMPORTING',
        AVAILABLE: 'AVAILABLE',
        DELETED: 'DELETED',
        EXPIRED: 'EXPIRED',
      }),
      serverList: list(server),
      nextToken,
    }),
  },
  ImportAppCatalog: { input: structure({ roleName: words }), output: nothing },
  ImportServerCatalog: { input: nothing, output: nothing },
  LaunchApp: { input: ofApp, output: nothing },
  ListApps: {
    input: structure({ ...page, appIds: list(id, 1_000) }),
    output: structure({ apps: list(appSummary), nextToken }),
  },
  NotifyAppValidationOutput: {
    input: structure({
      appId: validatedAppId,
      notificationContext: named('NotificationContext', {
        validationId,
        status: validationStatus,
        statusMessage: text({ max: 2_500 }),
      }),
    }),
    output: nothing,
  },
  PutAppLaunchConfiguration: { input: structure({ ...launchConfiguration, appId }), output: nothing },
  PutAppReplicationConfiguration: { input: structure({ ...replicationConfiguration, appId }), output: nothing },
  PutAppValidationConfiguration: {
    input: structure({ ...validationConfiguration, appId: validatedAppId }),
    output: nothing,
  },
  StartAppReplication: { input: ofApp, output: nothing },
  StartOnDemandAppReplication: { input: structure({ appId, description: words }), output: nothing },
  StartOnDemandReplicationRun: {
    input: structure({ replicationJobId, description: words }),
    output: structure({ replicationRunId: id }),
  },
  StopAppReplication: { input: ofApp, output: nothing },
  TerminateApp: { input: ofApp, output: nothing },
  UpdateApp: { input: structure({ ...app, appId }), output: appOutput },
  UpdateReplicationJob: {
    input: structure({ ...job, replicationJobId, nextReplicationRunStartTime: timestamp }),
    output: nothing,
  },
} as const satisfies Record<string, { readonly input: Structure; readonly output: Structure }>;

export type OperationName = keyof typeof OPERATION_SHAPES;

export const isOperationName = (name: string): name is OperationName => Object.hasOwn(OPERATION_SHAPES, name);
