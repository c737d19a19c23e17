import type { LicenseType } from '@aws-sdk/client-sms';
import type { ReplicationParameters } from '../../domain/app-configuration.ts';
import { DAY } from '../../domain/time.ts';
import type { Services } from '../../ports.ts';
import { invalidParameter } from '../errors.ts';

interface ParametersInput {
  frequency?: number | undefined;
  runOnce?: boolean | undefined;
  licenseType?: LicenseType | undefined;
  numberOfRecentAmisToKeep?: number | undefined;
  encrypted?: boolean | undefined;
  kmsKeyId?: string | undefined;
}

/** What a request says of a server's replication, checked. `path` leads to the members, for messages. Throws InvalidParameter. */
export function readReplicationParameters(
  input: ParametersInput,
  path: string,
  { config: { limits } }: Services,
): ReplicationParameters {
  const { frequency, runOnce, licenseType, numberOfRecentAmisToKeep, encrypted, kmsKeyId } = input;
  const { min, max } = limits.frequencyHours;
  if (frequency !== undefined && !(frequency >= min && frequency <= max)) {
    throw invalidParameter(
      `${path}frequency: ${frequency} hours; a run can follow the last after ${min} to ${max} hours`,
    );
  }
  if (
    numberOfRecentAmisToKeep !== undefined &&
    !(numberOfRecentAmisToKeep >= 0 && numberOfRecentAmisToKeep <= limits.amisToKeep)
  ) {
    throw invalidParameter(
      `${path}numberOfRecentAmisToKeep: ${numberOfRecentAmisToKeep}; keep 1 to ${limits.amisToKeep} images, or 0 for all`,
    );
  }
  if (kmsKeyId && encrypted === false) {
    throw invalidParameter(
      `${path}kmsKeyId: a key was named but encrypted is false; set encrypted or leave the key out`,
    );
  }
  return defined({
    frequency,
    runOnce,
    licenseType,
    numberOfRecentAmisToKeep,
    encrypted: kmsKeyId ? true : encrypted,
    kmsKeyId,
  });
}

/** The time of the first run in milliseconds; a time that is past means now. Throws InvalidParameter when it is too far ahead. */
export function readSeedTime(
  seedTime: Date | undefined,
  path: string,
  { config: { limits }, clock }: Services,
): number | undefined {
  if (seedTime === undefined) return undefined;
  if (seedTime.getTime() > clock.now() + limits.seedDaysAhead * DAY) {
    throw invalidParameter(
      `${path}: ${seedTime.toISOString()}; a first run can be at most ${limits.seedDaysAhead} days ahead`,
    );
  }
  return seedTime.getTime();
}

const defined = <T extends object>(members: T) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [M in keyof T]?: NonNullable<T[M]>;
  };
