import type { AccessKey, Transfer } from '../../domain/entities.ts';
import type { Store } from '../../store.ts';
import { accessDenied } from '../errors.ts';
import type { HttpRequest } from '../http.ts';
import type { CallerKey, Signing } from '../signature.ts';
import { parentsOf } from './snapshots.ts';

interface Options {
  readonly store: Store;
  /** The transfer that a snapshot is of, as its tag says; where snapshots are elsewhere, nobody puts blocks here. */
  transferOf?(snapshotId: string): string | undefined;
}

/** The keys of the store, for a verifier: those that are disabled are not known, and those of connectors are good for what `permission` says. */
export function storedKeys(options: Options) {
  const permit = permission(options);
  return async (accessKeyId: string): Promise<CallerKey | undefined> => {
    const key = await options.store.get('AccessKey', accessKeyId);
    if (!key || key.disabled) return undefined;
    const { secretAccessKey, connectorId, activation } = key;
    if (connectorId === undefined && activation === undefined) return { secretAccessKey };
    return { secretAccessKey, permit: (request, signing) => permit(key, request, signing) };
  };
}

/**
 * What the key of a connector, or an activation code, may be used for: all that is not named here is refused, whichever API it is of. A connector may call
 * its two actions. Of the EBS direct APIs it may put blocks into the snapshots of the transfers that are its own now, and read these back to verify them.
 */
function permission({ store, transferOf }: Options) {
  return async (key: AccessKey, request: HttpRequest, { signingName }: Signing): Promise<void> => {
    if (signingName === 'sms' && isAction(request, key)) return;
    const place = signingName === 'ebs' && transferOf ? placeOf(request) : undefined;
    const transferId = place && transferOf?.(place.snapshotId);
    const transfer = transferId === undefined ? undefined : await store.get('Transfer', transferId);
    if (transfer && place && isOwn(transfer, place.snapshotId, key) && (await mayCompare(place, transfer, store)))
      return;
    throw accessDenied(
      key.activation
        ? `${key.id} is an activation code, which is good for one registration`
        : `key ${key.id} is of connector ${key.connectorId}, which may call GetMessages and SendMessage, and put blocks into its own pending snapshots`,
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
