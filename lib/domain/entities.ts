import type {
  AppLaunchStatus,
  AppReplicationStatus,
  AppStatus,
  ConnectorStatus,
  ImageState,
  MigrationState,
  ReplicationJobState,
  ReplicationRunState,
  ServerCatalogStatus,
  TransferState,
} from './states.ts';

/**
 * What the service keeps. All entities are plain JSON; all times are milliseconds since the epoch.
 * Members that SMS has bear SMS's names.
 */
export interface EntityBase {
  readonly id: string;
  /** Number of times it was written; 0 before the first. A write succeeds only on the version it read. */
  readonly version: number;
  /** Number of the last event of this entity; its events count from 1 without gaps. */
  readonly sequence: number;
}

export type VmManagerType = 'VSPHERE' | 'SCVMM' | 'HYPERV-MANAGER';
export type ConnectorCapability = 'VSPHERE' | 'SCVMM' | 'HYPERV-MANAGER' | 'SNAPSHOT_BATCHING' | 'SMS_OPTIMIZED';
/** How a machine starts, in EC2's words. */
export type BootMode = 'legacy-bios' | 'uefi';
/** How snapshots become an image: registered as they are, or imported, which has AWS convert the guest first (drivers, boot loader, licence). */
export type Finalizer = 'register' | 'import';
export type LicenseType = 'AWS' | 'BYOL';
export type ScriptType = 'SHELL_SCRIPT' | 'POWERSHELL_SCRIPT';

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface VmServer {
  readonly vmServerAddress: { readonly vmManagerId: string; readonly vmId: string };
  readonly vmName: string;
  readonly vmManagerName: string;
  readonly vmManagerType: VmManagerType;
  readonly vmPath: string;
}

export interface Connector extends EntityBase {
  readonly status: ConnectorStatus;
  readonly connectorVersion: string;
  readonly capabilityList: readonly ConnectorCapability[];
  readonly vmManagerName: string;
  readonly vmManagerType: VmManagerType;
  readonly vmManagerId: string;
  readonly ipAddress: string;
  readonly macAddress: string;
  readonly associatedOn: number;
}

/** There is one, with id `catalog`. */
export interface ServerCatalog extends EntityBase {
  readonly status: ServerCatalogStatus;
  readonly lastModifiedOn: number;
  readonly statusMessage?: string;
  /** Counts the imports; servers that an import did not see are removed after it. */
  readonly importNumber: number;
  /** What an import that is under way, or failed, goes back to. */
  readonly importedFrom?: ServerCatalogStatus;
}

export interface Server extends EntityBase {
  readonly serverType: 'VIRTUAL_MACHINE';
  readonly vmServer: VmServer;
  readonly importNumber: number;
  readonly replicationJobId?: string;
  /** The job above was deleted or failed; a new one may be made. */
  readonly replicationJobTerminated?: boolean;
  /** The application it belongs to; at most one. */
  readonly appId?: string;
}

/** What a job and an application's configuration say of the replication of one server. */
export interface ReplicationParameters {
  readonly frequency?: number;
  readonly runOnce?: boolean;
  readonly licenseType?: LicenseType;
  readonly numberOfRecentAmisToKeep?: number;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

export interface ReplicationJob extends EntityBase, ReplicationParameters {
  readonly serverId: string;
  readonly vmServer: VmServer;
  readonly appId?: string;
  readonly state: ReplicationJobState;
  readonly statusMessage?: string;
  readonly seedReplicationTime: number;
  readonly nextReplicationRunStartTime?: number;
  readonly roleName?: string;
  readonly description?: string;
  readonly latestAmiId?: string;
  readonly createdAt: number;
  /** The scheduled run that has not begun, if any. */
  readonly pendingRunId?: string;
  /** The run under way, if any; at most one. */
  readonly activeRunId?: string;
  readonly consecutiveFailures: number;
  readonly pausedAt?: number;
  /** It is over and no longer counts against the account's limit. */
  readonly released?: true;
  /** Begin times of the on-demand runs of the last 24 hours. */
  readonly onDemandRuns: readonly number[];
}

export interface ReplicationRun extends EntityBase {
  readonly replicationJobId: string;
  readonly serverId: string;
  readonly appId?: string;
  readonly state: ReplicationRunState;
  readonly type: 'ON_DEMAND' | 'AUTOMATIC';
  readonly stage?: string;
  readonly stageProgress?: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly statusMessage?: string;
  readonly description?: string;
  readonly amiId?: string;
  readonly scheduledStartTime: number;
  /** Counts the times at which the start was changed: an execution begins the run only for the schedule it was started with. */
  readonly schedule: number;
  readonly startedAt?: number;
  readonly completedTime?: number;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

/** The disks of one server in one run, on their way through a connector. */
export interface Transfer extends EntityBase {
  readonly replicationRunId: string;
  readonly replicationJobId: string;
  readonly serverId: string;
  readonly vmServer: VmServer;
  readonly state: TransferState;
  /** The workflow's task token: who claims the transfer answers with it. */
  readonly taskToken: string;
  readonly attempt: number;
  readonly description: string;
  readonly kmsKeyId?: string;
  readonly connectorId?: string;
}

export interface Image extends EntityBase {
  readonly state: ImageState;
  readonly name: string;
  readonly description: string;
  readonly replicationJobId: string;
  readonly replicationRunId: string;
  readonly serverId: string;
  readonly createdAt: number;
  readonly snapshotIds: readonly string[];
  readonly bytes: number;
}

export interface ServerGroup {
  readonly serverGroupId: string;
  readonly name: string;
  readonly serverIds: readonly string[];
}

export interface ServerReplicationConfiguration {
  readonly serverId: string;
  readonly parameters: ReplicationParameters & { readonly seedTime?: number };
}

export interface ServerLaunchConfiguration {
  readonly serverId: string;
  readonly logicalId: string;
  readonly vpc?: string;
  readonly subnet?: string;
  readonly securityGroup?: string;
  readonly ec2KeyName?: string;
  readonly userData?: { readonly s3Location: S3Location };
  readonly instanceType?: string;
  readonly associatePublicIpAddress?: boolean;
  readonly iamInstanceProfileName?: string;
  readonly configureScript?: S3Location;
  readonly configureScriptType?: ScriptType;
}

export interface LaunchConfiguration {
  readonly roleName?: string;
  readonly autoLaunch: boolean;
  readonly groups: readonly {
    readonly serverGroupId: string;
    readonly launchOrder: number;
    readonly servers: readonly ServerLaunchConfiguration[];
  }[];
}

export type ReplicationAction = 'START' | 'ON_DEMAND' | 'STOP';

/** The CloudFormation stack of a launched application. */
export interface LaunchedStack {
  readonly stackName: string;
  readonly stackId: string;
  readonly template: S3Location;
  readonly launchedServerIds: readonly string[];
  readonly latestLaunchTime?: number;
}

export interface App extends EntityBase {
  readonly name: string;
  readonly description?: string;
  readonly roleName?: string;
  readonly importedAppId?: string;
  readonly tags: readonly Tag[];
  readonly serverGroups: readonly ServerGroup[];
  readonly creationTime: number;
  readonly lastModified: number;
  readonly status: AppStatus;
  readonly statusMessage?: string;
  readonly replicationStatus: AppReplicationStatus;
  readonly replicationStatusMessage?: string;
  readonly latestReplicationTime?: number;
  readonly replicationConfiguration?: readonly ServerReplicationConfiguration[];
  /** The replication job of each server, in this pass of the application's replication. */
  readonly replicationJobIds: Readonly<Record<string, string>>;
  /** Counts what was asked of the application's replication, so that each request has its own execution. */
  readonly replicationNumber: number;
  /** The request that its execution has not carried out yet; until then no status of the jobs is final. */
  readonly replicationAction?: ReplicationAction;
  readonly onDemandRuns: readonly number[];
  /** It counts against the account's limit of applications that replicate at once. */
  readonly counted?: boolean;
  readonly launchStatus: AppLaunchStatus;
  readonly launchStatusMessage?: string;
  readonly launchConfiguration?: LaunchConfiguration;
  /** Counts LaunchApp and TerminateApp, so that each has its own execution. */
  readonly launchNumber: number;
  readonly stack?: LaunchedStack;
  readonly deletion?: { readonly number: number; readonly stopReplication: boolean; readonly terminate: boolean };
}

/** One pass of an application through the `app-migration` workflow; its id is the execution's name. */
export interface Migration extends EntityBase {
  readonly state: MigrationState;
  readonly appId?: string;
  readonly appName: string;
  readonly startedAt: number;
  readonly statusMessage?: string;
}

export interface AccessKey extends EntityBase {
  readonly secretAccessKey: string;
  readonly createdAt: number;
  readonly disabled?: boolean;
}

/** The memory of CreateApp's `clientToken`; its id is the token. */
export interface ClientToken extends EntityBase {
  readonly requestHash: string;
  readonly appId: string;
  readonly expiresAt: number;
}

/** Counts what the account may have at once, so that limits hold under concurrent calls. There is one, with id `account`. */
export interface Usage extends EntityBase {
  readonly replicatingServers: number;
  readonly replicatingApps: number;
}

export interface Entities {
  Connector: Connector;
  ServerCatalog: ServerCatalog;
  Server: Server;
  ReplicationJob: ReplicationJob;
  ReplicationRun: ReplicationRun;
  Transfer: Transfer;
  Image: Image;
  App: App;
  Migration: Migration;
  AccessKey: AccessKey;
  ClientToken: ClientToken;
  Usage: Usage;
}

export type Kind = keyof Entities;
