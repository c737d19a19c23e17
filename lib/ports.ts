import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { LicenseType, S3Location, ScriptType } from './domain/app-configuration.ts';
import type { Tag } from './domain/entities.ts';
import type { BootMode } from './domain/partition-table.ts';
import type { Finalizer } from './domain/replication-job.ts';
import type { Json } from './json.ts';
import type { Snapshots } from './snapshots.ts';
import type { Store } from './store.ts';

/** The workflows by the name of their file and state machine. */
export type WorkflowName =
  | 'app-migration'
  | 'app-replication'
  | 'app-launch'
  | 'app-deletion'
  | 'replication-run'
  | 'replication-job-end'
  | 'catalog-import'
  | 'app-catalog-import';

/** Starts and answers state machines: Step Functions, or the embedded engine. */
export interface Workflows {
  /** Starts an execution of that name; a second start with the same name does nothing. */
  start(
    workflow: WorkflowName,
    name: string,
    start: { readonly input: Json; readonly traceId?: string },
  ): Promise<void>;
  /** Ends an execution that is no longer wanted; does nothing when it has ended. */
  stop(workflow: WorkflowName, name: string, cause: string): Promise<void>;
  /** These three answer a task token. They return false when nobody waits for it any more. */
  succeedTask(taskToken: string, output: Json): Promise<boolean>;
  failTask(taskToken: string, failure: { error: string; cause: string }): Promise<boolean>;
  heartbeat(taskToken: string): Promise<boolean>;
}

/** Files by bucket and key: S3, or a folder. */
export interface Objects {
  put(location: S3Location, body: string): Promise<void>;
  get(location: S3Location): Promise<string | undefined>;
  /** Deletes all objects whose keys begin so. */
  removeAll(prefix: S3Location): Promise<void>;
}

/** A volume of an image. */
export interface ImageDisk {
  /** `/dev/sda1` for the boot disk, then `/dev/sdb` and so on. */
  readonly deviceName: string;
  readonly snapshotId: string;
  readonly sizeGiB: number;
  /** Size of the disk at its source, which the snapshot fills up to whole GiB with zeros. */
  readonly bytes: number;
  readonly deleteOnTermination: boolean;
}

/** An image to make, in EC2's words (RegisterImage). */
export interface ImageSpec {
  /** Unique; a second registration of that name answers the first image. 3 to 128 characters. */
  readonly name: string;
  readonly description: string;
  readonly architecture: 'x86_64';
  readonly virtualizationType: 'hvm';
  /** Absent where neither source nor partition table tells: the instance type's default. */
  readonly bootMode?: BootMode;
  /** Told by the partition table of a guest that starts by UEFI; an import of one has to know. */
  readonly platform?: 'Linux' | 'Windows';
  readonly enaSupport: boolean;
  readonly rootDeviceName: string;
  /** In device order, the boot disk first. */
  readonly disks: readonly ImageDisk[];
  readonly tags: readonly Tag[];
  /** For an import: whose licence the guest gets. */
  readonly licenseType?: LicenseType;
}

export type ImageImport =
  | { readonly status: 'active' /** Such as `42%`. */; readonly progress?: string }
  | { readonly status: 'completed'; readonly imageId: string }
  | { readonly status: 'failed'; readonly reason: string };

/** Another image has the name. */
export class ImageNameTakenError extends Error {
  override readonly name = 'ImageNameTakenError';
}

/** A snapshot of the image is pending, failed or gone. */
export class SnapshotNotReadyError extends Error {
  override readonly name = 'SnapshotNotReadyError';
}

/** Machine images: EC2, or a table with block manifests. */
export interface Images {
  /** How images can be made here. */
  finalizers(): readonly Finalizer[];
  /** Throws ImageNameTakenError or SnapshotNotReadyError. */
  register(spec: ImageSpec): Promise<{ imageId: string }>;
  /** Begins to convert the snapshots into an image (ImportImage); the same name again tells how far that is. The image has snapshots of its own. Throws ConversionNeedsAwsError. */
  import(spec: ImageSpec): Promise<ImageImport>;
  exists(imageId: string): Promise<boolean>;
  /** Deregisters the image and deletes its snapshots but for `keepSnapshotIds` (the next run's parents). Does nothing when it is gone. */
  deregister(imageId: string, options: { keepSnapshotIds: readonly string[] }): Promise<void>;
}

/** The image asks for a conversion that only AWS does. */
export class ConversionNeedsAwsError extends Error {
  override readonly name = 'ConversionNeedsAwsError';
}

export type StackStatus =
  | 'CREATE_IN_PROGRESS'
  | 'CREATE_COMPLETE'
  | 'CREATE_FAILED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_COMPLETE'
  | 'ROLLBACK_FAILED'
  | 'UPDATE_IN_PROGRESS'
  | 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_COMPLETE'
  | 'UPDATE_ROLLBACK_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'UPDATE_ROLLBACK_FAILED'
  | 'UPDATE_FAILED'
  | 'REVIEW_IN_PROGRESS'
  | 'DELETE_IN_PROGRESS'
  | 'DELETE_COMPLETE'
  | 'DELETE_FAILED';

export interface StackSpec {
  readonly stackName: string;
  readonly templateBody: string;
  /** Where the same template lies as an object: CloudFormation takes long ones from there only. */
  readonly templateLocation?: S3Location;
  readonly tags: readonly Tag[];
  readonly roleName?: string;
  /** The same token makes the same stack or update once. */
  readonly token: string;
}

export interface StackDescription {
  readonly stackId: string;
  readonly stackName: string;
  readonly status: StackStatus;
  readonly statusReason?: string;
  readonly templateBody: string;
  readonly resources: readonly StackResource[];
}

export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly status: string;
  readonly statusReason?: string;
}

/** The template cannot be launched; it names the resource where it can. */
export class InvalidTemplateError extends Error {
  override readonly name = 'InvalidTemplateError';
}
/** A stack of that name stands, or does not, where it should be the other way round. */
export class StackExistsError extends Error {
  override readonly name = 'StackExistsError';
}

/** Stacks of launched applications: CloudFormation, or the local stack launcher. */
export interface Stacks {
  /** Begins to create the stack. Throws InvalidTemplateError, StackExistsError. */
  create(spec: StackSpec): Promise<{ stackId: string }>;
  /** Begins to bring the stack to this template by a change set. */
  update(spec: StackSpec): Promise<{ stackId: string }>;
  /** Undefined when there is no such stack, or no more. */
  describe(stackName: string): Promise<StackDescription | undefined>;
  /** Begins to delete the stack; does nothing when it is gone. */
  delete(stackName: string): Promise<void>;
}

/** A script to be run on a managed machine. */
export interface CommandSpec {
  /** The same token runs the script once. */
  readonly token: string;
  /** `i-…` or `mi-…`. */
  readonly instanceId: string;
  readonly source: S3Location;
  readonly scriptType: ScriptType;
  /** The command line that runs the script, in the folder where it was put under its own name. */
  readonly command: string;
  readonly timeoutSeconds: number;
  /** Where its output goes: the bucket, and how its key begins. */
  readonly output: S3Location;
}

export interface CommandResult {
  readonly status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
  readonly message?: string;
  readonly output?: S3Location;
}

/** The machine is not one that takes this command; another try would not change that. */
export class CommandRefusedError extends Error {
  override readonly name = 'CommandRefusedError';
}

/** Scripts on managed machines: Systems Manager, or this machine. */
export interface Commands {
  /** Begins to run the script. Throws CommandRefusedError when that machine does not take it. */
  send(spec: CommandSpec): Promise<{ commandId: string }>;
  /** What became of it; a command that nobody knows has failed. */
  result(command: { commandId: string; instanceId: string }): Promise<CommandResult>;
}

/** What a connector says of a server that it sees. */
export interface DiscoveredServer {
  readonly vmId: string;
  readonly vmName: string;
  readonly vmPath: string;
}

/** An application as a source knows it: which of its servers belong together. */
export interface DiscoveredApplication {
  /** Stays the same from import to import; unique within its source. */
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly serverGroups: readonly { readonly name: string; readonly vmIds: readonly string[] }[];
}

/** The connectors, as the service reaches them. */
export interface Connectors {
  /** All servers that the connector of this id sees. Throws TransientError when it does not answer. */
  inventory(connectorId: string): AsyncIterable<DiscoveredServer>;
  /** All applications that it knows; none where its source keeps no such thing. Throws TransientError. */
  applications(connectorId: string): AsyncIterable<DiscoveredApplication>;
  /** Forgets what connectors keep for the job: baselines and journals. */
  forgetJob(replicationJobId: string): Promise<void>;
}

/** Where what is migrated goes: this machine, or an account. */
export interface Target {
  readonly snapshots: Snapshots;
  readonly images: Images;
  readonly stacks: Stacks;
  readonly objects: Objects;
  readonly commands: Commands;
  /** Deletes the snapshots of a replication job that belong to no image. */
  removeJobSnapshots(replicationJobId: string): Promise<void>;
  /** Goes on with what was on its way. */
  start(): void;
  close(): Promise<void>;
}

/** Everything that the logic needs from outside. */
export interface Services {
  readonly config: Config;
  readonly store: Store;
  readonly workflows: Workflows;
  readonly objects: Objects;
  readonly snapshots: Snapshots;
  readonly images: Images;
  readonly stacks: Stacks;
  readonly commands: Commands;
  readonly connectors: Connectors;
  /** Secret of the signatures on pagination tokens, and on the addresses at which launched servers report. */
  readonly tokenSecret: string;
  readonly clock: Clock;
  /** A new id: the prefix, a hyphen, and so many lower-case hexadecimal digits. */
  newId(prefix: string, hexDigits: number): string;
  /** Where this call stands in its trace, as X-Ray's header says it; absent where nothing is traced. */
  trace?(): string | undefined;
  log(entry: Readonly<Record<string, unknown>>): void;
}
