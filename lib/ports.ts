import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { BootMode, Finalizer, LicenseType, S3Location, Tag } from './domain/entities.ts';
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
  | 'catalog-import';

/** Starts and answers state machines: Step Functions, or the embedded engine. */
export interface Workflows {
  /** Starts an execution of that name; a second start with the same name does nothing. */
  start(workflow: WorkflowName, name: string, input: Json): Promise<void>;
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

/** Machine images: EC2, or a table with block manifests. */
export interface Images {
  /** How images can be made here. */
  finalizers(): readonly Finalizer[];
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
  | 'UPDATE_IN_PROGRESS'
  | 'UPDATE_COMPLETE'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'UPDATE_FAILED'
  | 'DELETE_IN_PROGRESS'
  | 'DELETE_COMPLETE'
  | 'DELETE_FAILED';

export interface StackSpec {
  readonly stackName: string;
  readonly templateBody: string;
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

/** What a connector says of a server that it sees. */
export interface DiscoveredServer {
  readonly vmId: string;
  readonly vmName: string;
  readonly vmPath: string;
}

/** The connectors, as the service reaches them. */
export interface Connectors {
  /** All servers that the connector of this id sees. Throws TransientError when it does not answer. */
  inventory(connectorId: string): AsyncIterable<DiscoveredServer>;
  /** Forgets what connectors keep for the job: baselines and journals. */
  forgetJob(replicationJobId: string): Promise<void>;
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
  readonly connectors: Connectors;
  /** Secret of the signature on pagination tokens. */
  readonly tokenSecret: string;
  readonly clock: Clock;
  /** A new id: the prefix, a hyphen, and so many lower-case hexadecimal digits. */
  newId(prefix: string, hexDigits: number): string;
  log(entry: Readonly<Record<string, unknown>>): void;
}
