import type * as Sms from '@aws-sdk/client-sms';
import type { Shape, Structure } from '../shape.ts';

/**
 * The inputs of SMS's operations as data. Source: the last public model (`@aws-sdk/client-sms` 3.523.0), whose types each shape is held against: a member
 * that is missing here, or too many, does not compile. `appId` is required by the service wherever it names the application, though the model leaves
 * it open in the older operations.
 */
type Members<T> = { readonly [M in keyof Required<T>]: Shape };
/** A structure with exactly the members of that type. */
const structure = <T>(members: Members<T>): Structure => ({ type: 'structure', members });
const required = <S extends Shape>(shape: S): S & { required: true } => ({ ...shape, required: true });
const list = (of: Shape, max?: number): Shape => ({ type: 'list', of, ...(max === undefined ? {} : { max }) });
const oneOf = (...values: string[]): Shape => ({ type: 'string', enum: values });

/** Longest text that no rule of its own bounds; the model has no limit, CloudFormation and EC2 take no more. */
const text: Shape = { type: 'string', max: 1_024 };
const id: Shape = { type: 'string', min: 1, max: 256 };
const boolean: Shape = { type: 'boolean' };
const integer: Shape = { type: 'integer', min: -(2 ** 31), max: 2 ** 31 - 1 };
const timestamp: Shape = { type: 'timestamp' };

const licenseType = oneOf('AWS', 'BYOL');
const outputFormat = oneOf('JSON', 'YAML');
const scriptType = oneOf('SHELL_SCRIPT', 'POWERSHELL_SCRIPT');
const page = {
  nextToken: { type: 'string', min: 1, max: 2_048 },
  maxResults: { type: 'integer', min: 1, max: 1_000 },
} as const satisfies Record<string, Shape>;

const s3Location = structure<Sms.S3Location>({
  bucket: { type: 'string', min: 3, max: 63 },
  key: { type: 'string', min: 1, max: 1_024 },
});
const tag = structure<Sms.Tag>({ key: text, value: text });
const vmServerAddress = structure<Sms.VmServerAddress>({ vmManagerId: id, vmId: id });
const vmServer = structure<Sms.VmServer>({
  vmServerAddress,
  vmName: text,
  vmManagerName: text,
  vmManagerType: oneOf('VSPHERE', 'SCVMM', 'HYPERV-MANAGER'),
  vmPath: text,
});
/** Callers send back what GetServers gave them; only the id counts. */
const server = structure<Sms.Server>({
  serverId: id,
  serverType: oneOf('VIRTUAL_MACHINE'),
  vmServer,
  replicationJobId: id,
  replicationJobTerminated: boolean,
});
const serverGroup = structure<Sms.ServerGroup>({ serverGroupId: id, name: text, serverList: list(server) });
const app = {
  name: text,
  description: text,
  roleName: text,
  serverGroups: list(serverGroup),
  tags: list(tag),
} as const;

const replicationParameters = {
  frequency: integer,
  runOnce: boolean,
  licenseType,
  numberOfRecentAmisToKeep: integer,
  encrypted: boolean,
  kmsKeyId: text,
} as const;
const job = { ...replicationParameters, roleName: text, description: text } as const;

const serverReplicationConfiguration = structure<Sms.ServerReplicationConfiguration>({
  server,
  serverReplicationParameters: structure<Sms.ServerReplicationParameters>({
    ...replicationParameters,
    seedTime: timestamp,
  }),
});
const serverGroupReplicationConfiguration = structure<Sms.ServerGroupReplicationConfiguration>({
  serverGroupId: id,
  serverReplicationConfigurations: list(serverReplicationConfiguration),
});
const serverLaunchConfiguration = structure<Sms.ServerLaunchConfiguration>({
  server,
  logicalId: text,
  vpc: text,
  subnet: text,
  securityGroup: text,
  ec2KeyName: text,
  userData: structure<Sms.UserData>({ s3Location }),
  instanceType: text,
  associatePublicIpAddress: boolean,
  iamInstanceProfileName: text,
  configureScript: s3Location,
  configureScriptType: scriptType,
});
const serverGroupLaunchConfiguration = structure<Sms.ServerGroupLaunchConfiguration>({
  serverGroupId: id,
  launchOrder: integer,
  serverLaunchConfigurations: list(serverLaunchConfiguration),
});

const appId = required(id);
const replicationJobId = required(id);

/** The operations that are served, in the order of their names. */
export const INPUTS = {
  CreateApp: structure<Sms.CreateAppRequest>({ ...app, clientToken: id }),
  CreateReplicationJob: structure<Sms.CreateReplicationJobRequest>({
    ...job,
    serverId: required(id),
    seedReplicationTime: required(timestamp),
  }),
  DeleteApp: structure<Sms.DeleteAppRequest>({ appId, forceStopAppReplication: boolean, forceTerminateApp: boolean }),
  DeleteAppLaunchConfiguration: structure<Sms.DeleteAppLaunchConfigurationRequest>({ appId }),
  DeleteAppReplicationConfiguration: structure<Sms.DeleteAppReplicationConfigurationRequest>({ appId }),
  DeleteReplicationJob: structure<Sms.DeleteReplicationJobRequest>({ replicationJobId }),
  DeleteServerCatalog: structure<Sms.DeleteServerCatalogRequest>({}),
  DisassociateConnector: structure<Sms.DisassociateConnectorRequest>({ connectorId: required(id) }),
  GenerateTemplate: structure<Sms.GenerateTemplateRequest>({ appId, templateFormat: outputFormat }),
  GetApp: structure<Sms.GetAppRequest>({ appId }),
  GetAppLaunchConfiguration: structure<Sms.GetAppLaunchConfigurationRequest>({ appId }),
  GetAppReplicationConfiguration: structure<Sms.GetAppReplicationConfigurationRequest>({ appId }),
  GetConnectors: structure<Sms.GetConnectorsRequest>(page),
  GetReplicationJobs: structure<Sms.GetReplicationJobsRequest>({ ...page, replicationJobId: id }),
  GetReplicationRuns: structure<Sms.GetReplicationRunsRequest>({ ...page, replicationJobId }),
  GetServers: structure<Sms.GetServersRequest>({ ...page, vmServerAddressList: list(vmServerAddress, 1_000) }),
  ImportServerCatalog: structure<Sms.ImportServerCatalogRequest>({}),
  LaunchApp: structure<Sms.LaunchAppRequest>({ appId }),
  ListApps: structure<Sms.ListAppsRequest>({ ...page, appIds: list(id, 1_000) }),
  PutAppLaunchConfiguration: structure<Sms.PutAppLaunchConfigurationRequest>({
    appId,
    roleName: text,
    autoLaunch: boolean,
    serverGroupLaunchConfigurations: list(serverGroupLaunchConfiguration),
  }),
  PutAppReplicationConfiguration: structure<Sms.PutAppReplicationConfigurationRequest>({
    appId,
    serverGroupReplicationConfigurations: list(serverGroupReplicationConfiguration),
  }),
  StartAppReplication: structure<Sms.StartAppReplicationRequest>({ appId }),
  StartOnDemandAppReplication: structure<Sms.StartOnDemandAppReplicationRequest>({ appId, description: text }),
  StartOnDemandReplicationRun: structure<Sms.StartOnDemandReplicationRunRequest>({
    replicationJobId,
    description: text,
  }),
  StopAppReplication: structure<Sms.StopAppReplicationRequest>({ appId }),
  TerminateApp: structure<Sms.TerminateAppRequest>({ appId }),
  UpdateApp: structure<Sms.UpdateAppRequest>({ ...app, appId }),
  UpdateReplicationJob: structure<Sms.UpdateReplicationJobRequest>({
    ...job,
    replicationJobId,
    nextReplicationRunStartTime: timestamp,
  }),
} as const satisfies Record<string, Structure>;

/** Operations of the model that this version does not serve. */
export const NOT_SERVED_YET = [
  'DeleteAppValidationConfiguration',
  'GenerateChangeSet',
  'GetAppValidationConfiguration',
  'GetAppValidationOutput',
  'ImportAppCatalog',
  'NotifyAppValidationOutput',
  'PutAppValidationConfiguration',
] as const;
