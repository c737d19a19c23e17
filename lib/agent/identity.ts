import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { secretOf } from '../api/connectors/keys.ts';
import type { RegisterMessage } from '../messages.ts';
import { writeFileDurably } from '../replication/durable-file.ts';
import type { Credentials } from './json-call.ts';
import { type RemoteOptions, remoteService } from './remote-service.ts';

/** Who the connector is, in a file that nobody else may read: the key that it signs with is in it. */
export interface Identity extends Credentials {
  readonly connectorId: string;
  readonly endpoint: string;
  readonly region: string;
  /** The id of the activation code. */
  readonly activatedBy: string;
  /** When the key was made. */
  readonly keySince: number;
  /** A rotation under way: the number that the next key's secret is made of. */
  readonly nonce?: string;
  /** The service has not heard yet that the key is in use. */
  readonly unconfirmed?: true;
}

/** A registration whose answer has not come yet. */
interface Registration {
  readonly activationId: string;
  readonly nonce: string;
}

export type About = Omit<RegisterMessage, 'type' | 'activationId' | 'nonce' | 'formerConnectorId'>;

/** A code that is written wrongly, or none where one is needed. */
export class ActivationError extends Error {
  override readonly name = 'ActivationError';
}

const IDENTITY = 'connector.json';
const REGISTRATION = 'registration.json';
/** Milliseconds after which the connector takes a new key by itself. */
const KEY_LIFE = 30 * 24 * 3_600_000;

/** What the data folder of a connector says of it. */
export function openIdentity(folder: string, { now }: { now(): number }) {
  const read = <T>(name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
  };
  const write = async (name: string, value: object) => {
    await writeFileDurably(join(folder, name), JSON.stringify(value), { mode: 0o600 });
    chmodSync(join(folder, name), 0o600);
  };
  let identity = read<Identity>(IDENTITY);
  const save = async (next: Identity) => {
    await write(IDENTITY, next);
    identity = next;
  };
  const remote = (credentials: () => Credentials, place: Pick<RemoteOptions, 'endpoint' | 'region'>) =>
    remoteService({ ...place, credentials });

  let rotating: Promise<void> | undefined;
  const rotate = async () => {
    const service = () => remote(() => identity!, identity!);
    if (!identity?.unconfirmed) {
      const nonce = identity!.nonce ?? randomBytes(32).toString('hex');
      await save({ ...identity!, nonce });
      const { connectorId } = identity!;
      const { accessKeyId } = await service().sendMessage({ type: 'ROTATE_KEY', connectorId, nonce });
      const { nonce: _, ...rest } = identity!;
      const secretAccessKey = secretOf(rest.secretAccessKey, nonce);
      await save({ ...rest, accessKeyId: accessKeyId!, secretAccessKey, keySince: now(), unconfirmed: true });
    }
    await service().sendMessage({ type: 'KEY_ROTATED', connectorId: identity!.connectorId });
    const { unconfirmed: _, ...settled } = identity!;
    await save(settled);
  };

  return {
    current: () => identity,

    /** Registers with the code. The same code again, after a crash or by habit, is the same registration. */
    async activate(code: string, place: { endpoint: string; region: string }, about: About): Promise<void> {
      const [activationId = '', secret = ''] = code.split('.');
      if (!/^AKIA[A-Z2-7]{16}$/.test(activationId) || !secret)
        throw new ActivationError('the activation code has two parts with a dot between; copy it whole');
      if (identity?.activatedBy === activationId) return;
      const begun = read<Registration>(REGISTRATION);
      const nonce = begun?.activationId === activationId ? begun.nonce : randomBytes(32).toString('hex');
      await write(REGISTRATION, { activationId, nonce });
      const former = identity ? { formerConnectorId: identity.connectorId } : {};
      const service = remote(() => ({ accessKeyId: activationId, secretAccessKey: secret }), place);
      const answer = await service.sendMessage({ type: 'REGISTER', activationId, nonce, ...former, ...about });
      await save({
        connectorId: answer.connectorId!,
        accessKeyId: answer.accessKeyId!,
        secretAccessKey: secretOf(secret, nonce),
        ...place,
        activatedBy: activationId,
        keySince: now(),
      });
      rmSync(join(folder, REGISTRATION), { force: true });
    },

    /** Whether the key is old enough for another, or a rotation was interrupted. */
    wantsKey: () =>
      identity !== undefined &&
      (identity.unconfirmed || identity.nonce !== undefined || now() - identity.keySince > KEY_LIFE),

    /** Takes a new key, once for all that ask. Whenever this is interrupted, it goes on at the next call; there is always one key that is good. */
    rotateKey(): Promise<void> {
      rotating ??= rotate().finally(() => {
        rotating = undefined;
      });
      return rotating;
    },
  };
}
