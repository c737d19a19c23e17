import type { Allowed } from '../../lib/infra/allowed.ts';
import { FUNCTION_RIGHTS } from '../../lib/infra/function-rights.ts';
import { RIGHTS } from '../../lib/infra/rights.ts';

/** What a role needs for those who run or call its holder: no code of ours makes these calls. */
const OF_THE_PLATFORM: Readonly<Record<string, string>> = {
  'logs:CreateLogStream': 'Lambda writes the log, a stream for each instance of the function',
  'logs:PutLogEvents': 'Lambda writes the log, a stream for each instance of the function',
  'xray:PutTraceSegments': 'X-Ray knows no resources; asked for by Lambda and Step Functions',
  'xray:PutTelemetryRecords': 'X-Ray knows no resources; asked for by Lambda and Step Functions',
  'xray:GetSamplingRules': 'X-Ray knows no resources; asked for by Step Functions',
  'xray:GetSamplingTargets': 'X-Ray knows no resources; asked for by Step Functions',
  'dynamodb:ListStreams': 'Lambda reads the stream; listing knows no resources',
  'dynamodb:DescribeStream': 'Lambda reads the stream',
  'dynamodb:GetRecords': 'Lambda reads the stream',
  'dynamodb:GetShardIterator': 'Lambda reads the stream',
  'sqs:SendMessage': 'Lambda puts into the dead letters what failed',
  'sqs:GetQueueAttributes': 'Lambda reads the dead letters when a person lets it',
  'sqs:GetQueueUrl': 'Lambda reads the dead letters when a person lets it',
  'sqs:ReceiveMessage': 'Lambda reads the dead letters when a person lets it',
  'sqs:ChangeMessageVisibility': 'Lambda reads the dead letters when a person lets it',
  'sqs:DeleteMessage': 'Lambda reads the dead letters when a person lets it',
  'logs:CreateLogDelivery': 'Step Functions sets up its log; the action knows no resources',
  'logs:GetLogDelivery': 'Step Functions sets up its log; the action knows no resources',
  'logs:UpdateLogDelivery': 'Step Functions sets up its log; the action knows no resources',
  'logs:DeleteLogDelivery': 'Step Functions sets up its log; the action knows no resources',
  'logs:ListLogDeliveries': 'Step Functions sets up its log; the action knows no resources',
  'logs:PutResourcePolicy': 'Step Functions sets up its log; the action knows no resources',
  'logs:DescribeResourcePolicies': 'Step Functions sets up its log; the action knows no resources',
  'logs:DescribeLogGroups': 'Step Functions sets up its log; the action knows no resources',
};

/** Rights of roles that no code of ours has. */
const OF_OTHERS: Readonly<Record<string, string>> = {
  'the schedule': 'the CDK lets the schedule invoke the function and its versions',
  'CloudFormation, for launches':
    'where applications are launched (subnets, images, groups) is the callers’ choice; describing knows no resources',
  'connectors, for their blocks':
    'snapshots of ours, by their tag; the policy of each session leaves those of one transfer',
};

const allowedBy = (holder: string) =>
  (FUNCTION_RIGHTS[holder] ?? []).flatMap((right): readonly Allowed[] => RIGHTS[right]);

/** What the holder has the right for, where no code of ours makes the call. */
export const ofThePlatform = (holder: string, action: string): string | undefined =>
  allowedBy(holder).some(({ actions }) => actions.includes(action)) ? undefined : OF_THE_PLATFORM[action];

/** Why the holder has this right, where it is not plain from the right itself; undefined where nothing is said. */
export function reasonOf(holder: string, action: string, resource: string): string | undefined {
  const platform = ofThePlatform(holder, action);
  if (platform) return platform;
  if (OF_OTHERS[holder]) return OF_OTHERS[holder];
  const fitting = allowedBy(holder).filter((one) => one.actions.includes(action) && one.reason);
  return (fitting.find((one) => namesSame(one, resource)) ?? fitting[0])?.reason;
}

const AT = {
  partition: 'aws',
  region: 'us-east-1',
  account: '123456789012',
  table: 'TABLE',
  bucket: 'BUCKET',
  scriptBuckets: [],
  api: 'API',
  bus: 'BUS',
  unpublishedEvents: 'QUEUE',
  tokenSecret: 'SECRET',
  clientKey: 'KEY',
  launchRoles: [],
  connectorRole: 'CONNECTOR',
  diskKeys: [],
  workflows: [],
};
/** Whether the right is about resources of this kind. */
const namesSame = ({ resources }: Allowed, resource: string) => resources(AT).some((one) => one === resource);
