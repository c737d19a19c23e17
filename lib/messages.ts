import type { ConnectorCapability, VmManagerType } from './domain/entities.ts';
import type { TransferProgress } from './domain/run-progress.ts';

/**
 * What a connector and the service say to each other, by SMS's two actions for connectors: GetMessages, a long poll that is also the sign of life, and
 * SendMessage. AWS JSON 1.1 over HTTP, or calls within one process. docs/connectors.md tells the protocol in words; the bodies are ours, only the members
 * `type`, `contextToken`, `taskState`, `progress` and `statusMessage` are SMS's. Source: a connector's log of 2016 (facts of AWS SMS, 8.3).
 */

/** A transfer that the connector has, and as of which claim. */
export interface HeldTransfer {
  readonly transferId: string;
  readonly epoch: number;
}

export interface GetMessagesRequest {
  readonly connectorId: string;
  /** Seconds that the service may wait for something to say: 0 to 20. */
  readonly waitSeconds?: number;
  /** Transfers that the connector would begin now. */
  readonly copySlots: number;
  /** Transfers that it has. Those it has lost are cancelled; those it should have are given to it again. */
  readonly transfers: readonly HeldTransfer[];
  /** What else it is at, so that it is not told again: questions and deleted jobs by their ids, and `ROTATE_KEY`. */
  readonly tasks?: readonly string[];
}

export interface GetMessagesResult {
  readonly messages: readonly Message[];
  /** There are transfers that wait for others of their group: ask again in so many milliseconds. */
  readonly againAfter?: number;
}

/** A transfer as its connector needs it. */
export interface Work extends HeldTransfer {
  /** `<job>:<run>:Copy`. */
  readonly contextToken: string;
  readonly runId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly vmId: string;
  readonly description: string;
  readonly kmsKeyArn?: string;
}

export type Message =
  /** Freeze the server and copy its disks. */
  | { readonly type: 'COPY'; readonly transfer: Work }
  /** Freeze the servers together, say when each was frozen, and copy those that the answer names. */
  | {
      readonly type: 'FREEZE';
      readonly groupId: string;
      /** All of them, or none. */
      readonly strict: boolean;
      readonly transfers: readonly Work[];
    }
  /** The transfer is another's, or nobody's: stop at once. */
  | { readonly type: 'CANCEL'; readonly transferId: string }
  | { readonly type: 'IMPORT_CATALOG' | 'IMPORT_APPLICATIONS'; readonly requestId: string }
  /** The job is deleted: stop its copies, remove what is kept of it. */
  | { readonly type: 'FORGET_JOB'; readonly jobId: string }
  | { readonly type: 'ROTATE_KEY' };

/** States of a task, as SMS's connector told them; SUCCEEDED is ours. */
export type TaskState = 'STARTING' | 'ONGOING' | 'SUCCEEDED' | 'ERROR';

/** A member of a group: when it was frozen, or why it was not. */
export interface FrozenTransfer extends HeldTransfer {
  readonly frozenAt?: number;
  readonly errorName?: string;
  readonly statusMessage?: string;
}

/** What all messages of a connector say. */
interface From<Type extends string> {
  readonly type: Type;
  readonly connectorId: string;
}

export interface RegisterMessage {
  readonly type: 'REGISTER';
  /** The first half of the activation code; the second signs the request. */
  readonly activationId: string;
  /** 64 hexadecimal digits by chance: the same again is the same registration. The secret of the connector's key is made of it and of the code. */
  readonly nonce: string;
  /** The connector that had this data folder before. */
  readonly formerConnectorId?: string;
  readonly version: string;
  readonly hostName: string;
  readonly ipAddress: string;
  readonly macAddress: string;
  readonly manager: { readonly id: string; readonly name: string; readonly type: VmManagerType };
  readonly capabilities: readonly ConnectorCapability[];
}

export type CopyResultMessage = From<'COPY_RESULT'> &
  HeldTransfer & {
    readonly taskState: TaskState;
    readonly stage?: TransferProgress['stage'];
    readonly bytesDone?: number;
    readonly bytesTotal?: number;
    readonly bytesPerSecond?: number;
    /** The instant that the disks are of. */
    readonly frozenAt?: number;
    readonly errorName?: string;
    readonly statusMessage?: string;
    /** A TransferResult, of a transfer that SUCCEEDED. */
    readonly result?: object;
  };

export type SnapshotMessage = HeldTransfer &
  (
    | (From<'START_SNAPSHOT'> & { readonly token: string; readonly sizeGiB: number; readonly parent?: string })
    | (From<'COMPLETE_SNAPSHOT'> & {
        readonly snapshotId: string;
        readonly written: number;
        /** In hexadecimal digits. */
        readonly linear?: string;
      })
    | (From<'DESCRIBE_SNAPSHOT'> & { readonly snapshotId: string })
    | (From<'REMOVE_SNAPSHOT'> & { readonly snapshotId: string })
    /** Asks for further credentials of the transfer's snapshots. */
    | From<'GRANT_BLOCKS'>
  );

export type SendMessageRequest =
  | RegisterMessage
  | CopyResultMessage
  | SnapshotMessage
  | (From<'FREEZE_RESULT'> & { readonly groupId: string; readonly members: readonly FrozenTransfer[] })
  | (From<'IMPORT_RESULT'> & {
      readonly requestId: string;
      readonly page: number;
      readonly items: readonly object[];
      readonly last: boolean;
      readonly failure?: string;
    })
  | (From<'FORGET_JOB_RESULT'> & { readonly jobId: string })
  /** Asks for a key in place of the one that signs. */
  | (From<'ROTATE_KEY'> & { readonly nonce: string })
  /** Signed with the new key: the old one is no longer needed. */
  | From<'KEY_ROTATED'>;

/** Where the blocks of a transfer's snapshots are put, and with what. */
export interface BlockGrant {
  /** Absent: at the service's own endpoint, with the connector's own key. */
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    /** Milliseconds since the epoch. */
    readonly expiresAt: number;
  };
}

/** What the answers hold, by the type of the message. */
export interface SendMessageResult {
  /** REGISTER. */
  readonly connectorId?: string;
  /** REGISTER, ROTATE_KEY. Its secret both sides make of the nonce. */
  readonly accessKeyId?: string;
  /** START_SNAPSHOT. */
  readonly snapshotId?: string;
  /** START_SNAPSHOT, GRANT_BLOCKS. */
  readonly blocks?: BlockGrant;
  /** DESCRIBE_SNAPSHOT. */
  readonly state?: 'pending' | 'completed' | 'error';
  /** FREEZE_RESULT: the transfers to copy. */
  readonly copy?: readonly string[];
}

/** Errors about snapshots that a connector is told by their names: they end its transfer. */
export const SNAPSHOT_ERRORS: readonly string[] = [
  'SnapshotSpecError',
  'SnapshotTokenError',
  'SnapshotStateError',
  'IncompleteSnapshotError',
  'KeyNotUsableError',
  'NoConnectorRoleError',
];

/** The service as a connector reaches it. */
export interface ConnectorService {
  getMessages(request: GetMessagesRequest, signal?: AbortSignal): Promise<GetMessagesResult>;
  sendMessage(message: SendMessageRequest): Promise<SendMessageResult>;
}

/** The service no longer knows the connector, or its key: it was disassociated. */
export class DisassociatedError extends Error {
  override readonly name = 'DisassociatedError';
}

/** The transfer is no longer this connector's, as of this claim: it stops at once. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
