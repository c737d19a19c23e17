import { type Allowed, ec2, everything, inAccount, OURS, type Surroundings } from './allowed.ts';

const MADE_BY_US = 'ids are not known before; the tag SMSJobId of what replication made is asked for';
const NO_RESOURCES = 'the action knows no resources';
const STACKS = inAccount('cloudformation', 'stack/sms-app-*/*');
const OF_APPS = 'stacks of applications, `sms-app-…`, whose ids are not known before';
const RUNS = inAccount('states', 'stateMachine:replication-run');
const QUERY: Allowed = {
  actions: ['dynamodb:Query'],
  resources: ({ table }) => [`${table}/index/*`],
  reason: 'the two indexes of the one table',
};
const removeItem: Allowed = { actions: ['dynamodb:DeleteItem'], resources: ({ table }) => [table] };
/** Types that a stack of SMS may have. Source: ServerMigration_ServiceRole. */
const RESOURCE_TYPES = ['AWS::EC2::Instance', 'AWS::ApplicationInsights::Application', 'AWS::ResourceGroups::Group'];
const withRole = ({ launchRoles }: Surroundings) => ({
  'ForAllValues:StringEquals': { 'cloudformation:ResourceTypes': RESOURCE_TYPES },
  ArnEquals: { 'cloudformation:RoleArn': launchRoles },
});
const PASS_ROLE: Allowed = {
  actions: ['iam:PassRole'],
  resources: ({ launchRoles }) => launchRoles,
  conditions: () => ({ StringEquals: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } }),
  reason: 'asked for by CloudFormation on the call that names the role',
};
const describeImages: Allowed = {
  actions: ['ec2:DescribeImages', 'ec2:DescribeSnapshots'],
  resources: everything,
  reason: NO_RESOURCES,
};
const describeSnapshots: Allowed = { actions: ['ec2:DescribeSnapshots'], resources: everything, reason: NO_RESOURCES };
const removeSnapshots: Allowed = {
  actions: ['ec2:DeleteSnapshot'],
  resources: ec2('snapshot'),
  conditions: OURS,
  reason: MADE_BY_US,
};
const objects = ({ bucket, scriptBuckets }: Surroundings) => [bucket, ...scriptBuckets];
const inBucket = (bucket: string) => `${bucket}/*`;
const CONSENT = ['UserForSMSApplicationValidation', 'UseForSMSApplicationValidation'];

/**
 * What each call of a port needs, as AWS's Service Authorization Reference has it. The names are those of the ports (lib/ports.ts), so that a function's
 * list can be compared with its code.
 */
export const RIGHTS = {
  'store.get': [{ actions: ['dynamodb:GetItem'], resources: ({ table }) => [table] }],
  'store.query': [QUERY],
  // A transaction is allowed by what it does to each item.
  'store.transact': [{ actions: ['dynamodb:PutItem'], resources: ({ table }) => [table] }],
  'store.add': [{ actions: ['dynamodb:UpdateItem'], resources: ({ table }) => [table] }],
  'store.remove': [removeItem],
  'workflows.start': [
    {
      actions: ['states:StartExecution'],
      resources: (at) => at.workflows.flatMap((name) => inAccount('states', `stateMachine:${name}`)(at)),
    },
  ],
  'workflows.succeedTask': [{ actions: ['states:SendTaskSuccess'], resources: RUNS }],
  'workflows.failTask': [{ actions: ['states:SendTaskFailure'], resources: RUNS }],
  'workflows.heartbeat': [{ actions: ['states:SendTaskHeartbeat'], resources: RUNS }],
  'workflows.stop': [
    {
      actions: ['states:StopExecution'],
      resources: inAccount('states', 'execution:replication-run:*'),
      reason: 'executions of one state machine, whose names are those of runs',
    },
  ],
  'objects.get': [
    {
      actions: ['s3:GetObject'],
      resources: (at) => objects(at).map(inBucket),
      reason: 'templates and scripts lie under the ids of applications',
    },
    {
      actions: ['s3:ListBucket'],
      resources: objects,
      reason: 'without it S3 answers 403 instead of 404 where there is no object',
    },
  ],
  'objects.put': [
    {
      actions: ['s3:PutObject'],
      resources: ({ bucket }) => [inBucket(bucket)],
      reason: 'keys begin with the application',
    },
  ],
  'objects.removeAll': [
    {
      actions: ['s3:DeleteObject'],
      resources: ({ bucket }) => [inBucket(bucket)],
      reason: 'keys begin with the application',
    },
    { actions: ['s3:ListBucket'], resources: ({ bucket }) => [bucket] },
  ],
  'snapshots.list': [
    { actions: ['ebs:ListSnapshotBlocks'], resources: ec2('snapshot'), conditions: OURS, reason: MADE_BY_US },
  ],
  'snapshots.read': [
    { actions: ['ebs:GetSnapshotBlock'], resources: ec2('snapshot'), conditions: OURS, reason: MADE_BY_US },
    {
      actions: ['kms:Decrypt'],
      resources: ({ diskKeys }) => diskKeys,
      reason: 'asked for by EBS where a disk is encrypted with a key of yours',
    },
  ],
  'snapshots.remove': [describeSnapshots, removeSnapshots],
  'snapshots.state': [describeSnapshots],
  'snapshots.start': [
    {
      actions: ['ebs:StartSnapshot'],
      resources: ec2('snapshot'),
      conditions: () => ({ StringLike: { 'aws:RequestTag/SMSJobId': 'sms-job-*' } }),
      reason: 'the snapshot has no id before; it has to get the tag SMSJobId',
    },
    {
      actions: ['ebs:StartSnapshot'],
      resources: ec2('snapshot'),
      conditions: OURS,
      reason: 'the parent, which replication made',
    },
    {
      actions: ['kms:DescribeKey', 'kms:Decrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*', 'kms:CreateGrant'],
      resources: ({ diskKeys }) => diskKeys,
      reason: 'asked for by EBS where a disk is encrypted with a key of yours',
    },
  ],
  'snapshots.complete': [
    { actions: ['ebs:CompleteSnapshot'], resources: ec2('snapshot'), conditions: OURS, reason: MADE_BY_US },
  ],
  'blockAccess.grant': [
    { actions: ['sts:AssumeRole'], resources: ({ connectorRole }) => [connectorRole] },
    {
      actions: ['kms:DescribeKey'],
      resources: ({ diskKeys }) => diskKeys,
      reason: 'the ARN of a key that is named by its alias or id',
    },
  ],
  'images.finalizers': [],
  'images.register': [
    describeImages,
    {
      actions: ['ec2:RegisterImage'],
      resources: ec2('image'),
      conditions: () => ({ StringLike: { 'aws:RequestTag/SMSJobId': 'sms-job-*' } }),
      reason: 'the image has no id before; it has to get the tag SMSJobId',
    },
    {
      actions: ['ec2:RegisterImage', 'ec2:CreateTags'],
      resources: ec2('snapshot'),
      conditions: OURS,
      reason: MADE_BY_US,
    },
    {
      actions: ['ec2:CreateTags'],
      resources: ec2('image'),
      conditions: () => ({ StringEquals: { 'ec2:CreateAction': 'RegisterImage' } }),
      reason: 'tags of the image, in the call that makes it',
    },
  ],
  'images.import': [
    { actions: ['ec2:DescribeImportImageTasks'], resources: everything, reason: NO_RESOURCES },
    {
      actions: ['ec2:ImportImage'],
      resources: ec2('image', 'import-image-task'),
      reason: 'neither has an id before',
    },
    { actions: ['ec2:ImportImage'], resources: ec2('snapshot'), conditions: OURS, reason: MADE_BY_US },
    {
      actions: ['ec2:CreateTags'],
      resources: ec2('import-image-task'),
      conditions: () => ({ StringEquals: { 'ec2:CreateAction': 'ImportImage' } }),
      reason: 'tags of the task, in the call that makes it',
    },
    {
      actions: ['ec2:CreateTags'],
      resources: ec2('image', 'snapshot'),
      conditions: () => ({ StringLike: { 'aws:RequestTag/SMSJobId': 'sms-job-*' } }),
      reason: 'EC2 makes the image and its snapshots without tags; they get ours, SMSJobId with them',
    },
  ],
  'images.deregister': [
    describeImages,
    { actions: ['ec2:DeregisterImage'], resources: ec2('image'), conditions: OURS, reason: MADE_BY_US },
    removeSnapshots,
  ],
  'stacks.create': [
    {
      actions: ['cloudformation:CreateStack'],
      resources: STACKS,
      conditions: withRole,
      reason: OF_APPS,
    },
    { actions: ['cloudformation:DescribeStacks'], resources: STACKS, reason: OF_APPS },
    PASS_ROLE,
  ],
  'stacks.update': [
    {
      actions: ['cloudformation:CreateChangeSet'],
      resources: STACKS,
      conditions: withRole,
      reason: OF_APPS,
    },
    {
      actions: [
        'cloudformation:DescribeStacks',
        'cloudformation:DescribeChangeSet',
        'cloudformation:ExecuteChangeSet',
        'cloudformation:DeleteChangeSet',
      ],
      resources: STACKS,
      reason: OF_APPS,
    },
    PASS_ROLE,
  ],
  'stacks.describe': [
    {
      actions: [
        'cloudformation:DescribeStacks',
        'cloudformation:ListStackResources',
        'cloudformation:GetTemplate',
        'cloudformation:DescribeStackEvents',
      ],
      resources: STACKS,
      reason: OF_APPS,
    },
  ],
  'stacks.delete': [{ actions: ['cloudformation:DeleteStack'], resources: STACKS, reason: OF_APPS }],
  'commands.send': [
    { actions: ['ec2:DescribeTags', 'ssm:ListCommands'], resources: everything, reason: NO_RESOURCES },
    {
      actions: ['ssm:ListTagsForResource'],
      resources: inAccount('ssm', 'managed-instance/*'),
      reason: 'machines are the caller’s choice; their consent is what is looked for',
    },
    {
      actions: ['ssm:SendCommand'],
      resources: ({ partition, region }) => [`arn:${partition}:ssm:${region}::document/AWS-RunRemoteScript`],
    },
    ...CONSENT.map(
      (tag): Allowed => ({
        actions: ['ssm:SendCommand'],
        resources: (at) => [...inAccount('ec2', 'instance/*')(at), ...inAccount('ssm', 'managed-instance/*')(at)],
        conditions: () => ({ StringEquals: { [`ssm:resourceTag/${tag}`]: 'true' } }),
        reason: 'machines that consent by their tag',
      }),
    ),
  ],
  'commands.result': [{ actions: ['ssm:GetCommandInvocation'], resources: everything, reason: NO_RESOURCES }],
  // Questions to connectors are items of the table.
  'connectors.inventory': [removeItem],
  'connectors.applications': [removeItem],
  'connectors.forgetJob': [QUERY, removeItem, describeImages, removeSnapshots],
  tokenSecret: [{ actions: ['secretsmanager:GetSecretValue'], resources: ({ tokenSecret }) => [tokenSecret] }],
  clientKey: [{ actions: ['secretsmanager:GetSecretValue'], resources: ({ clientKey }) => [clientKey] }],
  ownEndpoint: [{ actions: ['lambda:GetFunctionUrlConfig'], resources: ({ api }) => [api] }],
  sms: [{ actions: ['lambda:InvokeFunction'], resources: ({ api }) => [api] }],
  'events.publish': [{ actions: ['events:PutEvents'], resources: ({ bus }) => [bus] }],
  'events.stored': [{ actions: ['dynamodb:Scan'], resources: ({ table }) => [table] }],
  'events.lost': [
    { actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], resources: ({ unpublishedEvents }) => [unpublishedEvents] },
  ],
} as const satisfies Readonly<Record<string, readonly Allowed[]>>;

export type Right = keyof typeof RIGHTS;
