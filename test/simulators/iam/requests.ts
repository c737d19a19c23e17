import type { IncomingHttpHeaders } from 'node:http';

/** One thing that a caller needs to be allowed. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request, such as `aws:RequestTag/SMSJobId`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** A call of an AWS API, as it is read off the wire. */
export interface WireCall {
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Tags of what there is in the account. */
export type TagsOf = (resourceId: string) => Promise<Readonly<Record<string, string>>>;

const REGION = 'us-east-1';
const ACCOUNT = '123456789012';
const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const ec2Arn = (resource: string) => `arn:aws:ec2:${REGION}::${resource}`;

/** What the call asks of its caller's rights. Source: the Service Authorization Reference of each service. */
export async function askedBy(call: WireCall, tagsOf: TagsOf): Promise<Asked[]> {
  const read = READERS[call.service];
  if (!read) throw new Error(`nothing is known of what ${call.service} ${call.operation} asks for`);
  return read(call, tagsOf);
}

type Reader = (call: WireCall, tagsOf: TagsOf) => Asked[] | Promise<Asked[]>;

const json = <T>({ body }: WireCall) => JSON.parse(body.toString() || '{}') as T;

const READERS: Readonly<Record<string, Reader>> = {
  dynamodb,
  ec2,
  cloudformation,
  s3,
  ebs,
  sts: ({ operation, body }) => [
    { action: `sts:${operation}`, resource: new URLSearchParams(body.toString()).get('RoleArn') ?? '*' },
  ],
  ssm,
  secretsmanager: (call) => [
    { action: `secretsmanager:${call.operation}`, resource: json<{ SecretId: string }>(call).SecretId },
  ],
  events: (call) =>
    json<{ Entries: { EventBusName: string }[] }>(call).Entries.map(({ EventBusName }) => ({
      action: `events:${call.operation}`,
      resource: arn('events', `event-bus/${EventBusName}`),
    })),
  sqs: (call) => [
    {
      // A batch is allowed by what it does to each message.
      action: `sqs:${call.operation.replace('Batch', '')}`,
      resource: arn('sqs', json<{ QueueUrl: string }>(call).QueueUrl.split('/').at(-1)!),
    },
  ],
  states: (call) => {
    const { stateMachineArn, executionArn } = json<{ stateMachineArn?: string; executionArn?: string }>(call);
    // A token says its state machine to Step Functions only; ours are of one.
    if (call.operation.startsWith('SendTask'))
      return [{ action: `states:${call.operation}`, resource: arn('states', 'stateMachine:replication-run') }];
    return [{ action: `states:${call.operation}`, resource: stateMachineArn ?? executionArn ?? '*' }];
  },
  lambda: ({ url }) => {
    const [, , , name = '', what] = decodeURIComponent(new URL(url, 'http://host').pathname).split('/');
    const action = what === 'url' ? 'lambda:GetFunctionUrlConfig' : 'lambda:InvokeFunction';
    return [{ action, resource: arn('lambda', `function:${name.replace(/^.*:function:/, '')}`) }];
  },
};

interface DynamoCall {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string }>>[];
}

/** A transaction is allowed by what it does to each item. Source: DynamoDB developer guide, IAM policies for transactions. */
function dynamodb(call: WireCall): Asked[] {
  const { TableName, IndexName, TransactItems } = json<DynamoCall>(call);
  const table = (name: string) => arn('dynamodb', `table/${name}`);
  if (!TransactItems)
    return [
      {
        action: `dynamodb:${call.operation}`,
        resource: IndexName ? `${table(TableName)}/index/${IndexName}` : table(TableName),
      },
    ];
  return TransactItems.flatMap((item) =>
    Object.entries(item).map(([kind, { TableName: name }]) => ({
      action: `dynamodb:${kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`}`,
      resource: table(name),
    })),
  );
}

interface NewSnapshot {
  readonly ParentSnapshotId?: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

async function ebs(call: WireCall, tagsOf: TagsOf): Promise<Asked[]> {
  const [, , first = '', second, index] = new URL(call.url, 'http://host').pathname.split('/');
  const about = async (action: string, id: string) => ({
    action: `ebs:${action}`,
    resource: ec2Arn(`snapshot/${id}`),
    context: await resourceTags(id, tagsOf),
  });
  if (call.method === 'GET')
    return [await about(index === undefined ? 'ListSnapshotBlocks' : 'GetSnapshotBlock', first)];
  if (call.method !== 'POST') throw new Error(`nothing is known of what ebs ${call.method} ${call.url} asks for`);
  if (first === 'completion') return [await about('CompleteSnapshot', second ?? '')];
  const { ParentSnapshotId, Tags = [] } = json<NewSnapshot>(call);
  const context = Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value]));
  const parent = ParentSnapshotId ? [await about('StartSnapshot', ParentSnapshotId)] : [];
  return [{ action: 'ebs:StartSnapshot', resource: ec2Arn('snapshot/new'), context }, ...parent];
}

async function ec2(call: WireCall, tagsOf: TagsOf): Promise<Asked[]> {
  const form = new URLSearchParams(call.body.toString());
  const action = `ec2:${call.operation}`;
  const values = (pattern: RegExp) => [...form].filter(([name]) => pattern.test(name)).map(([, value]) => value);
  const about = async (kind: string, id: string) => ({
    action,
    resource: ec2Arn(`${kind}/${id}`),
    context: { ...requestTags(form), ...(await resourceTags(id, tagsOf)) },
  });
  const existing = (ids: readonly string[]) =>
    Promise.all(ids.map((id) => about(id.startsWith('ami-') ? 'image' : 'snapshot', id)));
  const tagging = (kind: string) => ({
    action: 'ec2:CreateTags',
    resource: ec2Arn(`${kind}/new`),
    context: { ...requestTags(form), 'ec2:CreateAction': call.operation },
  });
  const made = (kind: string) => ({ action, resource: ec2Arn(`${kind}/new`), context: requestTags(form) });
  if (/^Describe/.test(call.operation)) return [{ action, resource: '*' }];
  if (call.operation === 'RegisterImage')
    return [made('image'), tagging('image'), ...(await existing(values(/\.Ebs\.SnapshotId$/)))];
  if (['CreateTags', 'DeregisterImage', 'DeleteSnapshot'].includes(call.operation))
    return existing(values(/^(ResourceId\.\d+|ImageId|SnapshotId)$/));
  throw new Error(`nothing is known of what ${action} asks for`);
}

/** Tags in a request, in either of EC2's two spellings. */
function requestTags(form: URLSearchParams): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, key] of form) {
    if (/Tag\.\d+\.Key$/.test(name)) found[`aws:RequestTag/${key}`] = form.get(name.replace(/Key$/, 'Value')) ?? '';
  }
  return found;
}

async function resourceTags(id: string, tagsOf: TagsOf): Promise<Record<string, string>> {
  const tags = await tagsOf(id);
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

function cloudformation(call: WireCall): Asked[] {
  const form = new URLSearchParams(call.body.toString());
  const named = form.get('StackName') ?? '';
  const name = /:stack\/([^/]+)/.exec(named)?.[1] ?? named;
  const role = form.get('RoleARN');
  const types = [...form].filter(([key]) => key.startsWith('ResourceTypes.')).map(([, value]) => value);
  const context = {
    ...(types.length > 0 ? { 'cloudformation:ResourceTypes': types } : {}),
    ...(role ? { 'cloudformation:RoleArn': role } : {}),
  };
  const passed: Asked[] = role
    ? [{ action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } }]
    : [];
  return [
    { action: `cloudformation:${call.operation}`, resource: arn('cloudformation', `stack/${name}/id`), context },
    ...passed,
  ];
}

/** Path-style requests. */
function s3({ method, url }: WireCall): Asked[] {
  const { pathname, searchParams } = new URL(url, 'http://host');
  const [, bucket = '', ...key] = pathname.split('/');
  const object = `arn:aws:s3:::${bucket}/${key.join('/')}`;
  if (method === 'GET' && searchParams.has('list-type'))
    return [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` }];
  if (method === 'POST' && searchParams.has('delete'))
    return [{ action: 's3:DeleteObject', resource: `arn:aws:s3:::${bucket}/any` }];
  const action = { GET: 's3:GetObject', PUT: 's3:PutObject' }[method];
  if (!action || key.join('') === '') throw new Error(`nothing is known of what s3 ${method} ${url} asks for`);
  return [{ action, resource: object }];
}

interface SsmCall {
  readonly InstanceIds?: readonly string[];
  readonly DocumentName?: string;
  readonly ResourceId?: string;
}

async function ssm(call: WireCall, tagsOf: TagsOf): Promise<Asked[]> {
  const action = `ssm:${call.operation}`;
  const { InstanceIds = [], DocumentName, ResourceId } = json<SsmCall>(call);
  if (call.operation === 'ListTagsForResource')
    return [{ action, resource: arn('ssm', `managed-instance/${ResourceId}`) }];
  if (call.operation !== 'SendCommand') return [{ action, resource: '*' }];
  const instances = InstanceIds.map(async (id) => ({
    action,
    resource: arn('ec2', `instance/${id}`),
    context: Object.fromEntries(Object.entries(await tagsOf(id)).map(([key, tag]) => [`ssm:resourceTag/${key}`, tag])),
  }));
  return [{ action, resource: `arn:aws:ssm:${REGION}::document/${DocumentName}` }, ...(await Promise.all(instances))];
}
