import { type CopyConfig, DEFAULT_CONFIG, type Verification } from '../config.ts';
import { BandwidthError, parseBandwidth } from '../domain/bandwidth.ts';
import { UsageError } from './command.ts';

/** Options of the commands that copy disks. */
export const COPY_OPTIONS = {
  bandwidth: { type: 'string', multiple: true },
  verify: { type: 'string' },
  'scan-every': { type: 'string' },
} as const;

export const COPY_USAGE = '[--bandwidth RATE[@DAYS,HH:MM-HH:MM]]… [--verify listing|samples|full] [--scan-every 10]';

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
