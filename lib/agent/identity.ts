import { randomBytes } from 'node:crypto';
import { secretOf } from '../api/connectors/keys.ts';
import type { RegisterMessage } from '../messages.ts';
import { type Identity, type IdentityFile, openIdentityFile } from './identity-file.ts';
import { remoteService } from './remote-service.ts';

export type About = Omit<RegisterMessage, 'type' | 'activationId' | 'nonce' | 'formerConnectorId'>;

/** A code that is written wrongly, or none where one is needed. */
export class ActivationError extends Error {
  override readonly name = 'ActivationError';
}

/** Milliseconds after which the connector takes a new key by itself. */
const KEY_LIFE = 30 * 24 * 3_600_000;

interface Now {
  now(): number;
}

export interface ConnectorIdentity {
  current(): Identity | undefined;
  /** Registers with the code. The same code again, after a crash or by habit, is the same registration. */
  activate(code: string, place: Pick<Identity, 'endpoint' | 'region'>, about: About): Promise<void>;
  /** Whether the key is old enough for another, or a rotation was interrupted. */
  wantsKey(): boolean;
  /** Takes a new key, once for all that ask. Whenever this is interrupted, it goes on at the next call; there is always one key that is good. */
  rotateKey(): Promise<void>;
}

export function openIdentity(folder: string, clock: Now): ConnectorIdentity {
  const file = openIdentityFile(folder);
  let rotating: Promise<void> | undefined;
  return {
    current: file.identity,
    activate: (code, place, about) => activate({ code, ...place }, about, { file, ...clock }),
    wantsKey() {
      const identity = file.identity();
      if (!identity) return false;
      const { unconfirmed, nonce, keySince } = identity;
      return Boolean(unconfirmed) || nonce !== undefined || clock.now() - keySince > KEY_LIFE;
    },
    rotateKey() {
      rotating ??= rotate({ file, ...clock }).finally(() => {
        rotating = undefined;
      });
      return rotating;
    },
  };
}

async function activate(
  { code, ...place }: { code: string } & Pick<Identity, 'endpoint' | 'region'>,
  about: About,
  { file, now }: Now & { file: IdentityFile },
) {
  const [activationId = '', secret = ''] = code.split('.');
  if (!/^AKIA[A-Z2-7]{16}$/.test(activationId) || !secret)
    throw new ActivationError('the activation code has two parts with a dot between; copy it whole');
  const former = file.identity();
  if (former?.activatedBy === activationId) return;
  const begun = file.registration();
  const nonce = begun?.activationId === activationId ? begun.nonce : randomBytes(32).toString('hex');
  await file.saveRegistration({ activationId, nonce });
  const key = { accessKeyId: activationId, secretAccessKey: secret };
  const answer = await remoteService({ ...place, credentials: () => key }).sendMessage({
    type: 'REGISTER',
    activationId,
    nonce,
    ...(former ? { formerConnectorId: former.connectorId } : {}),
    ...about,
  });
  await file.save({
    connectorId: answer.connectorId!,
    accessKeyId: answer.accessKeyId!,
    secretAccessKey: secretOf(secret, nonce),
    ...place,
    activatedBy: activationId,
    keySince: now(),
  });
  file.endRegistration();
}

async function rotate({ file, now }: Now & { file: IdentityFile }) {
  const identity = () => file.identity()!;
  const { endpoint, region, connectorId } = identity();
  const service = remoteService({ endpoint, region, credentials: identity });
  if (!identity().unconfirmed) {
    const nonce = identity().nonce ?? randomBytes(32).toString('hex');
    await file.save({ ...identity(), nonce });
    const { accessKeyId } = await service.sendMessage({ type: 'ROTATE_KEY', connectorId, nonce });
    const { nonce: _, ...rest } = identity();
    const secretAccessKey = secretOf(rest.secretAccessKey, nonce);
    await file.save({ ...rest, accessKeyId: accessKeyId!, secretAccessKey, keySince: now(), unconfirmed: true });
  }
  await service.sendMessage({ type: 'KEY_ROTATED', connectorId });
  const { unconfirmed: _, ...settled } = identity();
  await file.save(settled);
}
