import type { ClientToken, Invocation, Usage } from './account.ts';
import type {
  AppValidation,
  LaunchConfiguration,
  ReplicationParameters,
  S3Location,
  ServerReplicationConfiguration,
  ServerValidation,
} from './app-configuration.ts';
import type { AccessKey, Baseline, Connector, ConnectorPage, ConnectorRequest, Transfer } from './connector.ts';
import type { Consistency } from './consistency.ts';
import type { RunGroup } from './group.ts';
import type { RunFigures } from './run-progress.ts';
import type {
  AppCatalogStatus,
  AppLaunchStatus,
  AppReplicationStatus,
  AppStatus,
  ImageState,
  MigrationState,
  ReplicationJobState,
  ReplicationRunState,
  ServerCatalogStatus,
  ValidationStatus,
} from './states.ts';

export type { AccessKey, Baseline, Connector, ConnectorPage, ConnectorRequest, Transfer } from './connector.ts';

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

/** There is one, with id `catalog`. */
export interface ServerCatalog extends EntityBase {
  readonly status: ServerCatalogStatus;
  readonly lastModifiedOn: number;
  readonly statusMessage?: string;
  /** Counts the imports; servers that an import did not see are removed after it. */
  readonly importNumber: number;
  /** What an import that is under way, or failed, goes back to. */
  readonly importedFrom?: ServerCatalogStatus;
  /** The import of applications; a state machine of its own, which no operation of SMS shows. */
  readonly appCatalogStatus: AppCatalogStatus;
  readonly appImportNumber: number;
  /** What the last import of applications left out, or why it failed. */
  readonly appCatalogMessage?: string;
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
  /** Its deletion failed, as the status message says; it can be asked for again. */
  readonly deletionFailed?: true;
  /** It is over and no longer counts against the account's limit. */
  readonly released?: true;
  /** Begin times of the on-demand runs of the last 24 hours. */
  readonly onDemandRuns: readonly number[];
}

export interface ReplicationRun extends EntityBase, RunFigures {
  readonly replicationJobId: string;
  readonly serverId: string;
  readonly appId?: string;
  readonly state: ReplicationRunState;
  readonly type: 'ON_DEMAND' | 'AUTOMATIC';
  readonly statusMessage?: string;
  readonly description?: string;
  readonly amiId?: string;
  readonly scheduledStartTime: number;
  /** Counts the times at which the start was changed: an execution begins the run only for the schedule it was started with. */
  readonly schedule: number;
  readonly startedAt?: number;
  /** The instant at the source that its disks are of. */
  readonly frozenAt?: number;
  readonly group?: RunGroup;
  /** Of its image; absent where it is not known. */
  readonly consistency?: Consistency;
  readonly completedTime?: number;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

export interface Image extends EntityBase {
  readonly state: ImageState;
  readonly name: string;
  readonly description: string;
  readonly replicationJobId: string;
  readonly replicationRunId: string;
  readonly serverId: string;
  readonly createdAt: number;
  /** In device order, the boot disk first. */
  readonly disks: readonly { readonly snapshotId: string; readonly sizeGiB: number }[];
  readonly bytes: number;
}

export interface ServerGroup {
  readonly serverGroupId: string;
  readonly name: string;
  readonly serverIds: readonly string[];
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

/** How an application is validated; its id is the application's. Scripts' commands are long, so it is apart from what is read with every list. */
export interface ValidationConfiguration extends EntityBase {
  readonly appValidations: readonly AppValidation[];
  readonly serverValidations: readonly ServerValidation[];
}

/** How far one configured validation is; there is none before the application's first launch. */
export interface Validation extends EntityBase {
  readonly appId: string;
  readonly name: string;
  readonly status: ValidationStatus;
  readonly statusMessage?: string;
  /** The launch that it validates. */
  readonly launchNumber: number;
  readonly latestValidationTime?: number;
  /** Where the launch stands in its trace, as X-Ray's header says it: what a server reports is a part of that. */
  readonly trace?: string;
  /** Of a server's own validation: the server, and the image that it was validated with. */
  readonly serverId?: string;
  readonly amiId?: string;
  /** Of one by Systems Manager. */
  readonly commandId?: string;
  readonly ssmOutput?: S3Location;
  /** When it fails for want of an outcome. */
  readonly deadline?: number;
}

/** One pass of an application through the `app-migration` workflow; its id is the execution's name. */
export interface Migration extends EntityBase {
  readonly state: MigrationState;
  readonly appId?: string;
  readonly appName: string;
  readonly startedAt: number;
  /** The migration that this one goes on with. */
  readonly resumes?: string;
  readonly statusMessage?: string;
}

export interface Entities {
  Connector: Connector;
  ConnectorRequest: ConnectorRequest;
  ConnectorPage: ConnectorPage;
  Baseline: Baseline;
  ServerCatalog: ServerCatalog;
  Server: Server;
  ReplicationJob: ReplicationJob;
  ReplicationRun: ReplicationRun;
  Transfer: Transfer;
  Image: Image;
  App: App;
  ValidationConfiguration: ValidationConfiguration;
  Validation: Validation;
  Migration: Migration;
  AccessKey: AccessKey;
  ClientToken: ClientToken;
  Invocation: Invocation;
  Usage: Usage;
}

export type Kind = keyof Entities;
