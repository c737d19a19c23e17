import { type CopyConfig, DEFAULT_CONFIG, type Verification } from '../config.ts';
import { BandwidthError, parseBandwidth } from '../domain/bandwidth.ts';
import { type Options, UsageError } from './command.ts';

/** Options of the commands that copy disks. */
export const COPY_OPTIONS = {
  bandwidth: {
    type: 'string',
    multiple: true,
    value: 'RATE[@WINDOW]',
    text: 'how fast all copies together may be, as 20MiB or 100Mbit a second; with a window, such as 2MiB@mon-fri,08:00-18:00, then only. No limit unless told',
  },
  verify: {
    type: 'string',
    value: 'listing|samples|full',
    default: DEFAULT_CONFIG.copy.verification,
    text: 'what of a finished snapshot is read back and compared: no bytes, a sample, or all',
  },
  'scan-every': {
    type: 'string',
    value: 'RUNS',
    default: String(DEFAULT_CONFIG.copy.scanEvery),
    text: 'so many runs of a source that tracks changes, one compares all blocks',
  },
} as const satisfies Options;

const VERIFICATIONS: readonly Verification[] = ['listing', 'samples', 'full'];

/** How disks are copied, as the command line says it. Throws UsageError. */
export function copyConfig(values: Readonly<Record<string, unknown>>): CopyConfig {
  const {
    bandwidth,
    verify,
    'scan-every': scanEvery,
  } = values as Record<string, string | undefined> & {
    bandwidth?: string[];
  };
  return {
    ...DEFAULT_CONFIG.copy,
    ...(bandwidth === undefined ? {} : { bandwidth: bandwidthOf(bandwidth) }),
    ...(verify === undefined ? {} : { verification: verificationOf(verify) }),
    ...(scanEvery === undefined ? {} : { scanEvery: scanEveryOf(scanEvery) }),
  };
}

function bandwidthOf(texts: string[]) {
  try {
    return parseBandwidth(texts);
  } catch (error) {
    if (error instanceof BandwidthError) throw new UsageError(`--bandwidth ${error.message}`);
    throw error;
  }
}

function verificationOf(text: string): Verification {
  const known = VERIFICATIONS.find((one) => one === text);
  if (known) return known;
  throw new UsageError(`--verify ${text}: give ${VERIFICATIONS.join(', ')}`);
}

function scanEveryOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--scan-every ${text}: give a number of runs; 1 compares all blocks in every run`);
}
