import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from '../replication/durable-file.ts';
import type { Credentials } from './json-call.ts';

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
export interface Registration {
  readonly activationId: string;
  readonly nonce: string;
}

const IDENTITY = 'connector.json';
const REGISTRATION = 'registration.json';

/** What the data folder of a connector says of it. Files are replaced whole. */
export interface IdentityFile {
  identity(): Identity | undefined;
  save(next: Identity): Promise<void>;
  registration(): Registration | undefined;
  saveRegistration(begun: Registration): Promise<void>;
  /** The registration was answered. */
  endRegistration(): void;
}

export function openIdentityFile(folder: string): IdentityFile {
  const path = (name: string) => join(folder, name);
  const read = <T>(name: string) =>
    existsSync(path(name)) ? (JSON.parse(readFileSync(path(name), 'utf8')) as T) : undefined;
  const write = async (name: string, value: object) => {
    await writeFileDurably(path(name), JSON.stringify(value), { mode: 0o600 });
    // The file may have been there before, with another mode.
    chmodSync(path(name), 0o600);
  };
  let identity = read<Identity>(IDENTITY);
  return {
    identity: () => identity,
    async save(next) {
      await write(IDENTITY, next);
      identity = next;
    },
    registration: () => read<Registration>(REGISTRATION),
    saveRegistration: (begun) => write(REGISTRATION, begun),
    endRegistration: () => rmSync(path(REGISTRATION), { force: true }),
  };
}
