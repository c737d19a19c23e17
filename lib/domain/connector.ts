import type { ConnectorCapability, EntityBase, VmManagerType, VmServer } from './entities.ts';
import type { ConnectorStatus, TransferState } from './states.ts';

/** What the service keeps of connectors and of their work. */

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
  /** The key that it signs with; absent of a connector within the service's own process, which lives and dies with the service. */
  readonly accessKeyId?: string;
  /** When it last asked for messages, to half a minute. */
  readonly lastSeenAt?: number;
  readonly keyRotationRequested?: true;
  /** Replication jobs that are deleted, of which it may still keep something. */
  readonly jobsToForget?: readonly string[];
}

/** The disks of one server in one run, on their way through a connector. */
export interface Transfer extends EntityBase {
  readonly replicationRunId: string;
  readonly replicationJobId: string;
  readonly serverId: string;
  readonly appId?: string;
  readonly vmServer: VmServer;
  readonly state: TransferState;
  /** The workflow's task token: who claims the transfer answers with it. */
  readonly taskToken: string;
  /** Where the workflow's execution stands in its trace, as X-Ray's header says it: what connectors tell of the transfer is a part of that. */
  readonly trace?: string;
  /** Counts the connectors that began it anew; each attempt has snapshots of its own. */
  readonly attempt: number;
  readonly description: string;
  readonly kmsKeyId?: string;
  readonly queuedAt: number;
  /** The connector that works on it. */
  readonly connectorId?: string;
  /** The connector that keeps what the copy goes on from, journal or manifests: it comes first as long as it is healthy. */
  readonly heldBy?: string;
  /** Counts the claims. Whoever speaks with an earlier epoch has lost the transfer. */
  readonly epoch: number;
  /** When others may take it, unless its connector reports before. */
  readonly leaseExpiresAt?: number;
  /** The snapshots begun for this attempt. */
  readonly targets: readonly string[];
  /** The servers of one application that are frozen together. */
  readonly groupId?: string;
  readonly frozenAt?: number;
  /** What its connector answered, once it is done: a TransferResult. */
  readonly result?: object;
}

/** What a job's next run builds on; its id is the job's. Only its connector has the manifests of these snapshots. */
export interface Baseline extends EntityBase {
  readonly connectorId: string;
  readonly snapshotIds: readonly string[];
}

/** A question to a connector, answered in pages. */
export interface ConnectorRequest extends EntityBase {
  readonly connectorId: string;
  readonly type: 'IMPORT_CATALOG' | 'IMPORT_APPLICATIONS';
  readonly expiresAt: number;
}

/** A page of the answer; its id is the request's and the number of the page, from 1. */
export interface ConnectorPage extends EntityBase {
  readonly items: readonly object[];
  readonly last: boolean;
  /** Why there is no more. */
  readonly failure?: string;
  readonly expiresAt: number;
}

export interface AccessKey extends EntityBase {
  readonly secretAccessKey: string;
  readonly createdAt: number;
  readonly disabled?: boolean;
  /** The key is this connector's, and good for its two actions and the blocks of its own pending snapshots. */
  readonly connectorId?: string;
  /** The key is an activation code, and good for one registration. */
  readonly activation?: { readonly expiresAt: number; readonly connectorId?: string; readonly nonce?: string };
  /** The key that took this one's place; both are good until the new one is used. */
  readonly replacedBy?: { readonly accessKeyId: string; readonly nonce: string };
}
