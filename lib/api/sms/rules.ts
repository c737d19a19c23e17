import { DEFAULT_LIMITS } from '../../config.ts';
import type { ErrorName } from './model-errors.ts';
import type { OperationName } from './shapes.ts';

/**
 * What each operation does and refuses: for readers, and for docs/operations.md. The operations themselves decide. Beyond these, every operation refuses
 * input that does not fit its shape, and answers the common errors.
 */
export interface Rules {
  readonly summary: string;
  /** When it refuses, and by which error. */
  readonly refusals: readonly (readonly [when: string, error: ErrorName])[];
  /** What else a caller should know. */
  readonly notes?: readonly string[];
}

const INVALID = 'InvalidParameterException';
const MISSING = 'MissingRequiredParameterException';
const NOT_PERMITTED = 'OperationNotPermittedException';
const limits = DEFAULT_LIMITS;
type Refusal = Rules['refusals'][number];

const unknownApp: Refusal = ['there is no such application', INVALID];
const goneApp: Refusal = ['the application is deleted, or being deleted', INVALID];
const knownApp = [unknownApp, goneApp] as const;
const groupLimits: readonly Refusal[] = [
  [`more than ${limits.serverGroupsPerApp} groups, or more than ${limits.serversPerApp} servers`, NOT_PERMITTED],
  ['a server is not in the catalog, is named twice, or is in another application', INVALID],
  ['a tag without key, twice the same key, a key that begins with `aws:`, or more than 40 tags', INVALID],
];
const pageRefusal: Refusal = ['`nextToken` is not one that this operation gave for the same filters', INVALID];
const replicating: Refusal = ['the application is being replicated', NOT_PERMITTED];
const launching: Refusal = ['a launch or a termination is under way', NOT_PERMITTED];
const imported: Refusal = ['the application was imported: it is changed where it came from', NOT_PERMITTED];
const parameters: readonly Refusal[] = [
  [`\`frequency\` is not ${limits.frequencyHours.min} to ${limits.frequencyHours.max} hours`, INVALID],
  [`\`numberOfRecentAmisToKeep\` is not 0 (all) to ${limits.amisToKeep}`, INVALID],
  ['`kmsKeyId` with `encrypted` false', INVALID],
  [`the first run is more than ${limits.seedDaysAhead} days ahead; a time that is past means now`, INVALID],
];
const noLaunch: readonly Refusal[] = [
  ['there is no launch configuration, or the application has no servers', NOT_PERMITTED],
  ['no replication is complete, so that there is no image', NOT_PERMITTED],
  launching,
];
const validationScript: Refusal = [
  'a script or an output is not in a bucket whose name begins with `sms-app-`',
  INVALID,
];
const notOfApp: Refusal = ['a group or a server is not of the application, or is named twice', INVALID];

export const RULES: Readonly<Record<OperationName, Rules>> = {
  CreateApp: {
    summary: 'Creates an application of server groups.',
    refusals: [...groupLimits, ['`clientToken` was used with other input', INVALID]],
    notes: [
      `The same \`clientToken\` with the same input answers the first application for ${limits.clientTokenHours} hours.`,
      'Without groups the application has one, `default`.',
    ],
  },
  CreateReplicationJob: {
    summary: 'Replicates one server: a first run at the seed time, then one every `frequency` hours.',
    refusals: [
      ['the server is not in the catalog', INVALID],
      ['the server has a job that has not ended', 'ReplicationJobAlreadyExistsException'],
      ['the server is in an application, which replicates it', NOT_PERMITTED],
      ['no healthy connector sees the server', 'NoConnectorsAvailableException'],
      ['neither `frequency` nor `runOnce`', INVALID],
      ...parameters,
      [`${limits.replicatingServers} servers are being replicated`, NOT_PERMITTED],
    ],
    notes: [
      'Without `licenseType` the guest decides (SMS called that Auto): in an account a Windows Server gets the licence of AWS, all others keep their own. On one machine all do.',
      `A job ends by itself after ${limits.jobDays} days. After ${limits.consecutiveFailures} failed runs in a row it is paused, and deleted ${limits.pausedDays} days later unless it is resumed.`,
    ],
  },
  DeleteApp: {
    summary: 'Deletes an application. Its images stay.',
    refusals: [
      ...knownApp,
      ['it is being replicated, and `forceStopAppReplication` is not set', NOT_PERMITTED],
      ['its stack stands, and `forceTerminateApp` is not set', NOT_PERMITTED],
    ],
  },
  DeleteAppLaunchConfiguration: {
    summary: 'Removes how an application is launched.',
    refusals: [...knownApp, launching],
  },
  DeleteAppReplicationConfiguration: {
    summary: 'Removes how an application is replicated.',
    refusals: [...knownApp, replicating],
  },
  DeleteAppValidationConfiguration: {
    summary: 'Removes the validations of an application, with what they found.',
    refusals: [...knownApp, launching],
  },
  DeleteReplicationJob: {
    summary: 'Ends a job and its runs. Its images stay.',
    refusals: [
      ['there is no such job', 'ReplicationJobNotFoundException'],
      ['it is deleted, or being deleted', NOT_PERMITTED],
    ],
    notes: [
      'A job whose deletion failed stays DELETING, with the reason in `statusMessage`, and may be deleted again.',
    ],
  },
  DeleteServerCatalog: {
    summary: 'Empties the catalog.',
    refusals: [
      ['a server is being replicated', NOT_PERMITTED],
      ['an import is under way', NOT_PERMITTED],
    ],
  },
  DisassociateConnector: {
    summary: 'Lets a connector go.',
    refusals: [
      ['there is no such connector', INVALID],
      ['it serves a job that has not ended, and no other healthy connector of its manager could', NOT_PERMITTED],
    ],
    notes: ['Its access key is disabled. What it was copying goes to another connector of the same manager.'],
  },
  GenerateChangeSet: {
    summary: 'Writes what a launch would change in the launched stack, as CloudFormation describes a change set.',
    refusals: [...knownApp, ['there is no launched stack', NOT_PERMITTED], ...noLaunch],
  },
  GenerateTemplate: {
    summary: 'Writes the template of what a launch would make.',
    refusals: [...knownApp, ...noLaunch],
  },
  GetApp: { summary: 'Answers an application with its groups and tags.', refusals: [unknownApp] },
  GetAppLaunchConfiguration: {
    summary: 'Answers how an application is launched.',
    refusals: [unknownApp],
  },
  GetAppReplicationConfiguration: {
    summary: 'Answers how an application is replicated.',
    refusals: [unknownApp],
  },
  GetAppValidationConfiguration: {
    summary: 'Answers the validations of an application.',
    refusals: [unknownApp],
  },
  GetAppValidationOutput: {
    summary: 'Answers what the validations of an application found.',
    refusals: [unknownApp],
    notes: ['A validation that no launch has reached yet is READY_FOR_VALIDATION.'],
  },
  GetConnectors: {
    summary: 'Lists the connectors.',
    refusals: [pageRefusal],
    notes: ['The model names no error for a bad page token; it answers InvalidParameterException like the others.'],
  },
  GetReplicationJobs: {
    summary: 'Lists the jobs, or one of them, with their latest runs.',
    refusals: [['there is no such job', INVALID], pageRefusal],
    notes: ['Deleted jobs stay in the list.'],
  },
  GetReplicationRuns: {
    summary: 'Lists the runs of a job, newest first. The next scheduled run leads, PENDING.',
    refusals: [['there is no such job', INVALID], pageRefusal],
  },
  GetServers: {
    summary: 'Lists the servers of the catalog, or those at some addresses.',
    refusals: [['an address without `vmManagerId` or `vmId`', MISSING], pageRefusal],
    notes: ['A catalog that is not imported, deleted or expired has no servers.'],
  },
  ImportAppCatalog: {
    summary: 'Asks the connectors for the applications that they know. Answers at once; the import goes on.',
    refusals: [['the server catalog is not AVAILABLE', NOT_PERMITTED]],
    notes: [
      'Only servers of the catalog that are in no other application are taken; an application without any is dropped.',
      'An application that was imported before is brought up to date, unless it is being replicated or is launched.',
      'A folder of images lists its applications in `applications.yaml`.',
    ],
  },
  ImportServerCatalog: {
    summary: 'Asks the connectors for their servers. Answers at once; the import goes on.',
    refusals: [['no connector is healthy', 'NoConnectorsAvailableException']],
    notes: ['A second call while an import is under way does nothing.'],
  },
  LaunchApp: {
    summary: 'Launches the application as a CloudFormation stack, or updates the stack by a change set.',
    refusals: [
      ...knownApp,
      ...noLaunch,
      ['the launch configuration is not valid', NOT_PERMITTED],
      ['the last termination failed: TerminateApp goes first', NOT_PERMITTED],
    ],
    notes: ['The validations of the application begin once the stack stands.'],
  },
  ListApps: {
    summary: 'Lists the applications, or some of them.',
    refusals: [['one of `appIds` is unknown', INVALID], pageRefusal],
  },
  NotifyAppValidationOutput: {
    summary: 'Takes the outcome of a validation from the server that ran it.',
    refusals: [
      unknownApp,
      ['there is no such validation', INVALID],
      ['the status is not SUCCEEDED or FAILED', INVALID],
      ['no launch has reached the validation, or it is decided otherwise', NOT_PERMITTED],
    ],
    notes: ['A launched server reports by itself, at the address in its user data.'],
  },
  PutAppLaunchConfiguration: {
    summary: 'Sets how an application is launched.',
    refusals: [
      ...knownApp,
      launching,
      notOfApp,
      ['a server without `logicalId`, or a script without its type', MISSING],
      ['a `logicalId` that is not letters and digits, stands twice, or is the template’s own', INVALID],
      ['`launchOrder` is negative', INVALID],
      ['a script is not in a bucket whose name begins with `sms-app-`', INVALID],
    ],
    notes: ['When it names no server, or a script that is not there, the launch status is CONFIGURATION_INVALID.'],
  },
  PutAppReplicationConfiguration: {
    summary: 'Sets how an application is replicated.',
    refusals: [...knownApp, replicating, notOfApp, ...parameters],
    notes: ['When a server has neither `frequency` nor `runOnce`, the replication status is CONFIGURATION_INVALID.'],
  },
  PutAppValidationConfiguration: {
    summary: 'Sets the validations of an application.',
    refusals: [
      ...knownApp,
      launching,
      notOfApp,
      validationScript,
      ['a validation without name, script, script type, instance or command', MISSING],
      ['`validationId` is not one of the application’s', INVALID],
      [
        `more than ${limits.appValidations} validations by Systems Manager, or more than ${limits.validationConfigurationBytes} bytes`,
        NOT_PERMITTED,
      ],
    ],
  },
  StartAppReplication: {
    summary: 'Replicates the application: one job per server.',
    refusals: [
      ...knownApp,
      ['there is no replication configuration, it is not valid, or the application has no servers', NOT_PERMITTED],
      ['it is being replicated, or its last stop failed', NOT_PERMITTED],
      [
        `${limits.replicatingApps} applications are being replicated, or more than ${limits.replicatingServers} servers would be`,
        NOT_PERMITTED,
      ],
    ],
    notes: ['Without a healthy connector the replication fails; `replicationStatusMessage` says so.'],
  },
  StartOnDemandAppReplication: {
    summary: 'Starts one more run of each server’s job now. The schedule stays.',
    refusals: [
      ...knownApp,
      ['the first replication is not complete, or no job is ACTIVE', NOT_PERMITTED],
      ['a run is under way', NOT_PERMITTED],
      [`${limits.onDemandRunsPerDay} such runs in the last 24 hours`, NOT_PERMITTED],
    ],
  },
  StartOnDemandReplicationRun: {
    summary: 'Starts one more run of a job now. The schedule stays.',
    refusals: [
      ['there is no such job', INVALID],
      ['the seed run has not begun, a run is under way, or the job is not ACTIVE', NOT_PERMITTED],
      [`${limits.onDemandRunsPerDay} such runs in the last 24 hours`, 'ReplicationRunLimitExceededException'],
    ],
  },
  StopAppReplication: {
    summary: 'Deletes the application’s jobs. Its images stay.',
    refusals: [...knownApp, ['there is nothing to stop, or it is being stopped', NOT_PERMITTED]],
  },
  TerminateApp: {
    summary: 'Deletes the application’s stack.',
    refusals: [...knownApp, ['there is no stack', NOT_PERMITTED], launching],
  },
  UpdateApp: {
    summary: 'Replaces the members that are given. Servers that no group names any more leave the application.',
    refusals: [
      ...knownApp,
      replicating,
      imported,
      ['its deletion failed: DeleteApp goes first', NOT_PERMITTED],
      ...groupLimits,
    ],
  },
  UpdateReplicationJob: {
    summary: 'Changes a job from its next run on. With a start time, resumes a paused one.',
    refusals: [
      ['there is no such job', 'ReplicationJobNotFoundException'],
      ['it has ended, or is ending', NOT_PERMITTED],
      ['a start time, for a job that runs once and has begun', INVALID],
      ...parameters,
    ],
  },
};
