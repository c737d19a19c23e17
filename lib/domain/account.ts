import type { EntityBase } from './entities.ts';

/** The memory of CreateApp's `clientToken`; its id is the token. */
export interface ClientToken extends EntityBase {
  readonly requestHash: string;
  readonly appId: string;
  readonly expiresAt: number;
}

/**
 * The memory of a call that changed something, so that a client's own retry of it answers the same. Its id is the access key's and the attempts'
 * common `amz-sdk-invocation-id`.
 */
export interface Invocation extends EntityBase {
  readonly operation: string;
  /** What the call made or changed. */
  readonly subjectId: string;
  readonly expiresAt: number;
}

/** Counts what the account may have at once, so that limits hold under concurrent calls. There is one, with id `account`. */
export interface Usage extends EntityBase {
  readonly replicatingServers: number;
  readonly replicatingApps: number;
}
