import { type Bandwidth, UNLIMITED } from './domain/bandwidth.ts';
import type { Finalizers } from './domain/replication-job.ts';

/** Every limit of the service, with SMS's documented value as the default. */
export interface Limits {
  /** Servers that may replicate at once in an account. */
  readonly replicatingServers: number;
  /** Applications that may replicate at once. */
  readonly replicatingApps: number;
  readonly serverGroupsPerApp: number;
  readonly serversPerApp: number;
  /** On-demand runs of one job, or application, in 24 hours. */
  readonly onDemandRunsPerDay: number;
  /** Failed runs in a row after which a job is paused. SMS's status messages count down from 3. */
  readonly consecutiveFailures: number;
  /** Days after which a paused job is deleted. */
  readonly pausedDays: number;
  /** Days after which a job is ended whatever it does. */
  readonly jobDays: number;
  /** Hours between two runs. */
  readonly frequencyHours: { readonly min: number; readonly max: number };
  /** Days ahead that a first run may be scheduled. */
  readonly seedDaysAhead: number;
  readonly amisToKeep: number;
  /** Days after which an imported catalog expires. SMS's figure is not known. */
  readonly catalogDays: number;
  readonly clientTokenHours: number;
  /** Minutes in which a client's own retry of a call answers what the call did. SDKs give up after seconds. */
  readonly retryMinutes: number;
  /** Scripts that validate one application, beside one for each server. */
  readonly appValidations: number;
  /** Bytes of an application's validation configuration; an item of DynamoDB holds 400 kB. */
  readonly validationConfigurationBytes: number;
  /** Minutes that a launched server may take until it says what its validation found. */
  readonly serverValidationMinutes: number;
  /** Requests a second that one access key may make for long, and at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
}

export const DEFAULT_LIMITS: Limits = {
  replicatingServers: 50,
  replicatingApps: 50,
  serverGroupsPerApp: 10,
  serversPerApp: 50,
  onDemandRunsPerDay: 2,
  consecutiveFailures: 3,
  pausedDays: 4,
  jobDays: 90,
  frequencyHours: { min: 1, max: 24 },
  seedDaysAhead: 30,
  amisToKeep: 270,
  catalogDays: 90,
  clientTokenHours: 24,
  retryMinutes: 15,
  appValidations: 10,
  validationConfigurationBytes: 300_000,
  serverValidationMinutes: 60,
  requestsPerSecond: 1_000,
  requestBurst: 5_000,
};

/**
 * How a sealed snapshot is compared with what was put: by its listing alone, by a sample of its bytes too, or by all of them. The store checks every block
 * when it comes in any case.
 */
export type Verification = 'listing' | 'samples' | 'full';

/** How this process copies disks. */
export interface CopyConfig {
  readonly bandwidth: Bandwidth;
  readonly verification: Verification;
  /** So many runs of a source that tracks changes, one compares all blocks; 1: every run does. */
  readonly scanEvery: number;
}

export interface Config {
  readonly account: string;
  readonly region: string;
  /** How enum values are spelled in answers: as in the last model, or in CamelCase as once seen on the wire. */
  readonly wireCasing: 'model' | 'legacy';
  readonly limits: Limits;
  /** Where launched servers reach this service, to say what their validation found; without a trailing slash. */
  readonly endpoint?: string;
  /** How a job's images are made, by its licence type: a guest that is to have AWS's licence has to be imported. */
  readonly finalizers: Finalizers;
  readonly copy: CopyConfig;
}

export const DEFAULT_CONFIG: Config = {
  account: '000000000000',
  region: 'us-east-1',
  wireCasing: 'model',
  limits: DEFAULT_LIMITS,
  finalizers: { AWS: 'import', BYOL: 'register', NONE: 'auto' },
  copy: { bandwidth: UNLIMITED, verification: 'samples', scanEvery: 10 },
};
