import type { AccessKey, Transfer } from '../../domain/entities.ts';
import type { Store } from '../../store.ts';
import { accessDenied } from '../errors.ts';
import type { HttpRequest } from '../http.ts';
import type { Signing } from '../signature.ts';
import { parentsOf } from './snapshots.ts';

interface Options {
  readonly store: Store;
  /** The transfer that a snapshot is of, as its tag says; where snapshots are elsewhere, nobody puts blocks here. */
  transferOf?(snapshotId: string): string | undefined;
}

/**
 * What the key of a connector, or an activation code, may be used for: all that is not named here is refused, whichever API it is of. A connector may call
 * its two actions. Of the EBS direct APIs it may put blocks into the snapshots of the transfers that are its own now, and read these back to verify them.
 */
export function keyPermissions({ store, transferOf }: Options) {
  return async (accessKeyId: string, request: HttpRequest, { signingName }: Signing): Promise<void> => {
    const key = await store.get('AccessKey', accessKeyId);
    if (!key || (key.connectorId === undefined && key.activation === undefined)) return;
    if (signingName === 'sms' && isAction(request, key)) return;
    const place = signingName === 'ebs' && transferOf ? placeOf(request) : undefined;
    const transferId = place && transferOf?.(place.snapshotId);
    const transfer = transferId === undefined ? undefined : await store.get('Transfer', transferId);
    if (transfer && place && isOwn(transfer, place.snapshotId, key) && (await mayCompare(place, transfer, store)))
      return;
    throw accessDenied(
      key.activation
        ? `${accessKeyId} is an activation code, which is good for one registration`
        : `key ${accessKeyId} is of connector ${key.connectorId}, which may call GetMessages and SendMessage, and put blocks into its own pending snapshots`,
    );
  };
}

function isAction({ method, headers }: HttpRequest, { activation }: AccessKey): boolean {
  const operation = (headers['x-amz-target'] ?? '').split('.').at(-1);
  return method === 'POST' && (operation === 'SendMessage' || (operation === 'GetMessages' && !activation));
}

interface Place {
  readonly snapshotId: string;
  /** The snapshot that it is compared with. */
  readonly first?: string;
}

const BLOCK = /^\/snapshots\/([^/]+)\/blocks\/[^/]+$/;
const LIST = /^\/snapshots\/([^/]+)\/(blocks|changedblocks)$/;

/** PutSnapshotBlock, GetSnapshotBlock, ListSnapshotBlocks and ListChangedBlocks; nothing else. */
function placeOf({ method, path, query }: HttpRequest): Place | undefined {
  const block = method === 'PUT' || method === 'GET' ? BLOCK.exec(path) : null;
  if (block) return { snapshotId: block[1]! };
  const list = method === 'GET' ? LIST.exec(path) : null;
  if (!list) return undefined;
  return { snapshotId: list[1]!, ...(list[2] === 'changedblocks' ? { first: query.firstSnapshotId ?? '' } : {}) };
}

const isOwn = ({ state, connectorId, targets }: Transfer, snapshotId: string, key: AccessKey) =>
  state === 'CLAIMED' && connectorId === key.connectorId && targets.includes(snapshotId);

const mayCompare = async ({ first }: Place, transfer: Transfer, store: Store) =>
  first === undefined || (await parentsOf(transfer, { store })).includes(first);
