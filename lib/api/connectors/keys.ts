import { createHmac, randomBytes } from 'node:crypto';
import type { AccessKey } from '../../domain/entities.ts';
import { unchanged } from '../../domain/transition.ts';
import type { SendMessageResult } from '../../messages.ts';
import { accessDenied, invalidParameter } from '../errors.ts';
import type { ConnectorServices, Speaker } from './services.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Milliseconds that an activation code is good. */
const CODE_LIFE = 24 * 3_600_000;

/** An id as of AWS's long-lived access keys: `AKIA` and 16 letters or digits of base 32. */
export const newKeyId = () => `AKIA${[...randomBytes(16)].map((byte) => LETTERS[byte % 32]).join('')}`;

/**
 * The secret of a new key: made by both sides of the secret of the key that asks for it (or of the activation code) and of a number by chance, so that it
 * never travels.
 */
export const secretOf = (secret: string, nonce: string) =>
  createHmac('sha256', secret).update(`rehost connector key ${nonce}`).digest('base64');

/** Makes a code that registers one connector: `<id>.<secret>`, an access key that is good for that alone. */
export async function createActivationCode({
  store,
  clock,
}: Pick<ConnectorServices, 'store' | 'clock'>): Promise<{ code: string; expiresAt: number }> {
  const now = clock.now();
  const expiresAt = now + CODE_LIFE;
  const [id, secretAccessKey] = [newKeyId(), randomBytes(24).toString('base64url')];
  const key: AccessKey = { id, version: 0, sequence: 0, secretAccessKey, createdAt: now, activation: { expiresAt } };
  await store.transact([unchanged('AccessKey', key)]);
  return { code: `${id}.${secretAccessKey}`, expiresAt };
}

/** A key in place of the connector's: the new one is good at once, the old one until the new one is used. The same number again answers the same key. */
export async function rotateKey(
  { nonce }: { nonce: string },
  { connector, services }: Speaker,
): Promise<SendMessageResult> {
  const { store, clock } = services;
  const key = connector.accessKeyId === undefined ? undefined : await store.get('AccessKey', connector.accessKeyId);
  if (!key) throw invalidParameter(`connector ${connector.id} has no key: it is within the service's own process`);
  if (key.replacedBy?.nonce === nonce) return { accessKeyId: key.replacedBy.accessKeyId };
  const accessKeyId = newKeyId();
  const next: AccessKey = {
    id: accessKeyId,
    version: 0,
    sequence: 0,
    secretAccessKey: secretOf(key.secretAccessKey, nonce),
    createdAt: clock.now(),
    connectorId: connector.id,
  };
  await store.transact([
    unchanged('AccessKey', next),
    unchanged('AccessKey', { ...key, replacedBy: { accessKeyId, nonce } }),
  ]);
  return { accessKeyId };
}

/** The connector has the new key: the old one is over. */
export async function keyRotated({ connector, accessKeyId, services }: Speaker): Promise<object> {
  const { store } = services;
  const old = connector.accessKeyId === undefined ? undefined : await store.get('AccessKey', connector.accessKeyId);
  if (!old?.replacedBy) return {};
  if (accessKeyId !== undefined && accessKeyId !== old.replacedBy.accessKeyId)
    throw accessDenied('KEY_ROTATED is signed with the new key');
  const { keyRotationRequested: _, ...rest } = connector;
  await store.transact([
    unchanged('AccessKey', { ...old, disabled: true }),
    unchanged('Connector', { ...rest, accessKeyId: old.replacedBy.accessKeyId }),
  ]);
  return {};
}

/** The key, and those that took its place. */
async function lineOf(accessKeyId: string | undefined, { store }: Pick<ConnectorServices, 'store'>) {
  const keys: AccessKey[] = [];
  for (let id = accessKeyId; id !== undefined; ) {
    const key = await store.get('AccessKey', id);
    if (!key) break;
    keys.push(key);
    id = key.replacedBy?.accessKeyId;
  }
  return keys;
}

/** Ends the connector's keys: whoever has one is nobody from now on. */
export const disabledKeys = async (accessKeyId: string | undefined, services: Pick<ConnectorServices, 'store'>) =>
  (await lineOf(accessKeyId, services)).map((key) => unchanged('AccessKey', { ...key, disabled: true }));

/** Whether the key was ended, not only replaced. */
export const isRevoked = async (accessKeyId: string | undefined, services: Pick<ConnectorServices, 'store'>) =>
  (await lineOf(accessKeyId, services)).at(-1)?.disabled === true;
