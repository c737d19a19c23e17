import { resolve } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import { checkSourceSpec, SourceSpecError } from '../connector/open-source.ts';
import type { RehostOptions } from '../local/rehost.ts';
import { defaultsOf, type Options, UsageError } from './command.ts';
import { COPY_OPTIONS, copyConfig } from './copy-options.ts';
import { DATA, LOOPBACK, PORT, SOURCE } from './shared-options.ts';

export const SERVICE_OPTIONS = {
  source: { ...SOURCE, multiple: true },
  data: DATA,
  port: PORT,
  host: { type: 'string', value: 'ADDRESS', default: '127.0.0.1', text: 'the address at which it listens' },
  auth: {
    type: 'string',
    value: 'sigv4|none',
    default: 'sigv4',
    text: 'whether callers have to sign; none is for loopback only',
  },
  account: {
    type: 'string',
    value: 'DIGITS',
    text: `the account that ARNs name: ${DEFAULT_CONFIG.account}, or that of the AWS credentials where they are used`,
  },
  region: {
    type: 'string',
    value: 'REGION',
    text: `the region that ARNs name: ${DEFAULT_CONFIG.region}, or that of the environment where its AWS credentials are used`,
  },
  endpoint: {
    type: 'string',
    value: 'URL',
    text: 'where launched servers reach the service, when that is not the address at which it listens',
  },
  'run-scripts': {
    type: 'boolean',
    text: 'runs the scripts of validations by Systems Manager on this machine; they are refused otherwise',
  },
  ...COPY_OPTIONS,
} as const satisfies Options;

/** The options of a service as they are given on the command line, checked. Throws UsageError. */
export function serviceOptions(given: Readonly<Record<string, unknown>>): RehostOptions {
  const values: Readonly<Record<string, unknown>> = { ...defaultsOf(SERVICE_OPTIONS), ...given };
  const { data, host, auth } = values as Record<'data' | 'host' | 'auth', string>;
  const {
    account,
    region,
    source = [],
  } = { ...DEFAULT_CONFIG, ...values } as {
    account: string;
    region: string;
    source?: string[];
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
  const port = Number(value);
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
