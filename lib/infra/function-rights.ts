import type { Right } from './rights.ts';

const WRITE = ['store.get', 'store.transact'] as const;
/** Also counts what the account uses. */
const COUNT = [...WRITE, 'store.add'] as const;
/** A step of `app-migration`: the service as its client reaches it, and the store to note the step. */
const STEP = ['sms', ...WRITE] as const;

/** What each function may do, by the calls that it makes. Tests compare the list with the functions' code, and with what they are seen to do. */
export const FUNCTION_RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  Api: [
    'store.get',
    'store.query',
    'store.transact',
    'store.add',
    'store.remove',
    'objects.get',
    'objects.put',
    'stacks.describe',
    'tokenSecret',
    'clientKey',
    'ownEndpoint',
    // What connectors say, and ask for.
    'workflows.succeedTask',
    'workflows.failTask',
    'workflows.heartbeat',
    'snapshots.start',
    'snapshots.complete',
    'snapshots.state',
    'snapshots.remove',
    'blockAccess.grant',
  ],
  PublishEvents: ['events.publish'],
  ReplayEvents: ['events.publish', 'events.stored', 'events.lost'],
  StartWorkflow: ['workflows.start'],
  MeasureService: [...WRITE, 'store.query'],

  CollectServers: [...WRITE, 'store.query', 'connectors.inventory'],
  CompleteImport: [...WRITE, 'store.query', 'store.remove'],
  ExpireCatalog: WRITE,
  FailImport: WRITE,
  ImportApps: [...WRITE, 'store.query', 'connectors.applications'],
  CompleteAppImport: WRITE,
  FailAppImport: WRITE,

  BeginRun: COUNT,
  QueueTransfer: [...WRITE, 'images.finalizers', 'workflows.succeedTask'],
  RegisterImage: [
    ...WRITE,
    'snapshots.list',
    'snapshots.read',
    'images.finalizers',
    'images.register',
    'images.import',
  ],
  ApplyRetention: [...WRITE, 'store.query', 'images.deregister', 'snapshots.remove'],
  CompleteRun: COUNT,
  FailRun: [...COUNT, 'snapshots.remove'],
  UpdateApp: COUNT,

  EndJob: WRITE,
  CancelRuns: [...WRITE, 'workflows.stop'],
  DeleteJob: [...COUNT, 'connectors.forgetJob'],
  FailJobEnd: WRITE,

  ValidateReplication: [...WRITE, 'store.query'],
  CreateReplicationJobs: COUNT,
  CreateOnDemandRuns: COUNT,
  DeleteReplicationJobs: WRITE,
  PollJobs: COUNT,
  FailReplication: COUNT,

  RenderTemplate: [...WRITE, 'objects.get', 'objects.put', 'tokenSecret'],
  QueueValidations: WRITE,
  CreateStack: [...WRITE, 'objects.get', 'stacks.create', 'stacks.update'],
  PollStack: ['stacks.describe'],
  CompleteLaunch: WRITE,
  StartValidations: [...WRITE, 'store.query', 'commands.send'],
  PollValidations: [...WRITE, 'store.query', 'commands.result'],
  FailValidations: ['store.query', 'store.transact'],
  DeleteStack: ['stacks.delete', 'stacks.describe'],
  CompleteTermination: WRITE,
  FailLaunch: [...WRITE, 'store.query', 'stacks.delete'],

  PrepareDeletion: WRITE,
  DeleteApp: [...COUNT, 'store.query', 'store.remove', 'objects.removeAll'],
  FailDeletion: WRITE,

  CreateApp: STEP,
  PutReplicationConfiguration: STEP,
  StartReplication: STEP,
  PollReplication: STEP,
  PutLaunchConfiguration: STEP,
  PutValidationConfiguration: ['sms'],
  GenerateTemplate: STEP,
  RequestApproval: WRITE,
  LaunchApp: STEP,
  PollLaunch: STEP,
  PollValidation: STEP,
  RecordMigrated: STEP,
  RecordFailure: WRITE,
  StopReplication: ['sms'],
  TerminateLaunch: ['sms'],
};
