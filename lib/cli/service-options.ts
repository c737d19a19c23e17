import { resolve } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import { checkSourceSpec, SourceSpecError } from '../connector/open-source.ts';
import type { RehostOptions } from '../local/rehost.ts';
import { UsageError } from './command.ts';
import { COPY_OPTIONS, copyConfig } from './copy-options.ts';

/** Where `rehost up` listens unless told. */
export const DEFAULT_PORT = 4599;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** What `--source` takes. */
export const SOURCE_HELP = `SOURCE is one of
  images:FOLDER            disk images: each sub-folder is a server
  hyperv:FOLDER            the same of machines that Hyper-V exported
  'vsphere:https://VCENTER/?user=NAME&password-file=FILE&ca=FILE'
                           the machines of a vCenter; instead of ca, the authority’s certificate: pin=SHA256 of vCenter’s own; instead of
                           password-file (mode 0600): password-command=COMMAND; besides: reader=auto|datastore|export, owner=NAME (docs/vsphere.md)`;

export const SERVICE_OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  data: { type: 'string' },
  source: { type: 'string', multiple: true },
  auth: { type: 'string' },
  account: { type: 'string' },
  region: { type: 'string' },
  endpoint: { type: 'string' },
  'run-scripts': { type: 'boolean' },
  ...COPY_OPTIONS,
} as const;

/** The options of a service as they are given on the command line, checked. Throws UsageError. */
export function serviceOptions(values: Readonly<Record<string, unknown>>): RehostOptions {
  const {
    data = '.rehost',
    host = '127.0.0.1',
    source = [],
    auth = 'sigv4',
  } = values as { data?: string; host?: string; source?: string[]; auth?: string };
  const { account = DEFAULT_CONFIG.account, region = DEFAULT_CONFIG.region } = values as {
    account?: string;
    region?: string;
  };
  if (auth !== 'sigv4' && auth !== 'none') throw new UsageError(`--auth ${auth}: give sigv4 or none`);
  if (auth === 'none' && !LOOPBACK.includes(host))
    throw new UsageError(`--auth none is for loopback only; with --host ${host} callers must sign`);
  if (!/^\d{12}$/.test(account)) throw new UsageError(`--account ${account}: an account has 12 digits`);
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) throw new UsageError(`--region ${region}: give a region as us-east-1`);
  return {
    dataFolder: resolve(data),
    sources: source.map(checkedSource),
    port: portOf(values.port),
    host,
    auth,
    config: { ...DEFAULT_CONFIG, account, region, ...endpointOf(values.endpoint), copy: copyConfig(values) },
    runScripts: values['run-scripts'] === true,
    log,
  };
}

/** Where launched servers reach the service: behind a proxy, or on another address than it listens on. */
function endpointOf(value: unknown): { endpoint?: string } {
  if (value === undefined) return {};
  if (!/^https?:\/\/[^\s/?#]+$/.test(String(value)))
    throw new UsageError(`--endpoint ${value}: give a URL without path, as https://rehost.example.com`);
  return { endpoint: String(value) };
}

function portOf(value: unknown): number {
  const port = value === undefined ? DEFAULT_PORT : Number(value);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new UsageError(`--port ${value}: give a number from 0 (any free port) to 65535`);
}

/** The source, if it can be opened: a service that starts without one of its sources would fail much later. */
function checkedSource(spec: string): string {
  try {
    checkSourceSpec(spec);
    return spec;
  } catch (error) {
    if (error instanceof SourceSpecError) throw new UsageError(error.message);
    throw error;
  }
}

/** One JSON document a line on standard error, away from what the command prints. */
export const log = (entry: Readonly<Record<string, unknown>>) =>
  console.error(JSON.stringify({ at: new Date().toISOString(), ...entry }));
