import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { SourceSpecError } from '../source-spec-error.ts';
import type { ReaderChoice } from './frozen-point.ts';
import { demandPrivateFile, passwordOfCommand, passwordOfFile } from './password.ts';
import type { Trust } from './tls.ts';
import type { Vcenter } from './vim-session.ts';
import type { VsphereOptions } from './vsphere-source.ts';

export const OPTIONS = ['user', 'password-file', 'password-command', 'pin', 'ca', 'reader', 'owner'] as const;
type Option = (typeof OPTIONS)[number];
const READERS: readonly ReaderChoice[] = ['auto', 'datastore', 'export'];
const EXAMPLE = "'vsphere:https://vcenter.example.com/?user=rehost@vsphere.local&password-file=FILE'";

/**
 * Reads `https://HOST/?user=…&password-file=…`, what follows `vsphere:`. What can be checked without vCenter is checked. Throws SourceSpecError, whose
 * message never has the address as it was given: somebody may have written a password into it.
 */
export function vsphereOptionsOf(place: string, { stateFolder = '' }: { stateFolder?: string } = {}): VsphereOptions {
  const url = URL.canParse(place) ? new URL(place) : undefined;
  if (url?.protocol !== 'https:')
    throw new SourceSpecError(`vsphere: needs the address of a vCenter by https, as in ${EXAMPLE}`);
  const wrong = (what: string) => new SourceSpecError(`vsphere:https://${url.host}: ${what}`);
  if (url.username || url.password)
    throw wrong(
      'names and passwords do not belong into the address, where every process sees them; give user=NAME and password-file=FILE',
    );
  if (url.pathname !== '/' || url.hash) throw wrong(`the address has no path; write ${EXAMPLE}`);
  const values = valuesOf(url.searchParams, wrong);
  const reader = (values.reader ?? 'auto') as ReaderChoice;
  if (!READERS.includes(reader)) throw wrong(`reader=${reader}: give ${READERS.join(', ')}`);
  const owner = values.owner ?? defaultOwner(stateFolder);
  if (!/^[\w.-]{1,40}$/.test(owner)) throw wrong('owner= is one word of at most 40 letters, digits, dots and dashes');
  const user = values.user;
  if (!user) throw wrong('user= is missing: the name of a vCenter user with its domain, as rehost@vsphere.local');
  const vcenter = { url: new URL(url.origin), user, trust: trustOf(values, wrong), ...passwordIn(values, wrong) };
  return { vcenter, reader, owner };
}

type Values = Readonly<Partial<Record<Option, string>>>;
type Wrong = (what: string) => Error;

function valuesOf(params: URLSearchParams, wrong: Wrong): Values {
  const values: Partial<Record<Option, string>> = {};
  for (const [name, value] of params) {
    const option = OPTIONS.find((one) => one === name);
    if (!option) throw wrong(`unknown option; the options are ${OPTIONS.join(', ')}`);
    if (values[option] !== undefined) throw wrong(`${option}= is given twice`);
    values[option] = value;
  }
  return values;
}

function passwordIn(values: Values, wrong: Wrong): Pick<Vcenter, 'password' | 'passwordOrigin'> {
  const { 'password-file': file, 'password-command': command } = values;
  if ((file === undefined) === (command === undefined))
    throw wrong('give either password-file=FILE or password-command=COMMAND');
  if (file === undefined) return { password: () => passwordOfCommand(command!), passwordOrigin: 'password-command' };
  demandPrivateFile(file);
  return { password: () => passwordOfFile(file), passwordOrigin: file };
}

function trustOf({ pin, ca }: Values, wrong: Wrong): Trust {
  if (pin !== undefined && ca !== undefined) throw wrong('give either pin= or ca=');
  if (pin !== undefined) {
    const digits = pin.replaceAll(':', '').toUpperCase();
    if (!/^[0-9A-F]{64}$/.test(digits)) throw wrong('pin= is the SHA-256 of the certificate: 64 hexadecimal digits');
    return { pin: digits };
  }
  return ca === undefined ? {} : { ca: readAuthorities(ca, wrong) };
}

function readAuthorities(path: string, wrong: Wrong): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (error) {
    throw wrong(`ca=${path} cannot be read: ${(error as Error).message}`);
  }
  throw wrong(`ca=${path} has no certificate in PEM`);
}

/** The same from start to start, and another for each connector. */
const defaultOwner = (stateFolder: string) =>
  createHash('sha256').update(`${hostname()} ${stateFolder}`).digest('hex').slice(0, 12);
