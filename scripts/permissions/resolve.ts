import { ACCOUNT, REGION, type Resource, type Template } from './templates.ts';

/** What a resource answers to `Ref` and `Fn::GetAtt`. */
type Attributes = Readonly<Record<string, string>>;

const PSEUDO: Attributes = {
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

const arn = (service: string, resource: string, region = REGION, account = ACCOUNT) =>
  `arn:aws:${service}:${region}:${account}:${resource}`;

/** Names and ARNs by type, as CloudFormation's reference gives them. */
const ATTRIBUTES: Readonly<Record<string, (name: string) => Attributes>> = {
  'AWS::DynamoDB::GlobalTable': (name) => ({
    Ref: name,
    Arn: arn('dynamodb', `table/${name}`),
    StreamArn: arn('dynamodb', `table/${name}/stream/1`),
  }),
  'AWS::Lambda::Function': (name) => ({ Ref: name, Arn: arn('lambda', `function:${name}`) }),
  'AWS::Lambda::Url': () => ({ FunctionUrl: `https://api.lambda-url.${REGION}.on.aws/` }),
  'AWS::IAM::Role': (name) => ({ Ref: name, Arn: arn('iam', `role/${name}`, '') }),
  'AWS::Events::EventBus': (name) => ({ Ref: name, Arn: arn('events', `event-bus/${name}`), Name: name }),
  'AWS::S3::Bucket': (name) => ({ Ref: name, Arn: `arn:aws:s3:::${name}` }),
  'AWS::SecretsManager::Secret': (name) => ({ Ref: arn('secretsmanager', `secret:${name}`) }),
  'AWS::SQS::Queue': (name) => ({ Ref: `https://sqs/${name}`, Arn: arn('sqs', name), QueueName: name }),
  'AWS::SNS::Topic': (name) => ({ Ref: arn('sns', name), TopicName: name }),
  'AWS::KMS::Key': (name) => ({ Ref: name, Arn: arn('kms', `key/${name}`) }),
  'AWS::StepFunctions::StateMachine': (name) => ({
    Ref: arn('states', `stateMachine:${name}`),
    Arn: arn('states', `stateMachine:${name}`),
    Name: name,
  }),
  'AWS::Logs::LogGroup': (name) => ({ Ref: name, Arn: arn('logs', `log-group:${name}:*`) }),
};
/** Which property holds a resource's own name. */
const NAMES = [
  'FunctionName',
  'RoleName',
  'TableName',
  'BucketName',
  'QueueName',
  'TopicName',
  'StateMachineName',
  'LogGroupName',
  'Name',
];

/** The resources of all templates with their names, and with every intrinsic function worked out. `refs` overrides what `Ref` answers, by logical id. */
export function resolved(templates: readonly Template[], refs: Readonly<Record<string, string>> = {}) {
  const exported = new Map<string, { value: unknown; template: Template }>();
  for (const template of templates)
    for (const { Value, Export } of Object.values(template.Outputs ?? {}))
      if (Export) exported.set(Export.Name, { value: Value, template });

  const attribute = (id: string, name: string, template: Template): string => {
    if (name === 'Ref' && (PSEUDO[id] ?? refs[id])) return (PSEUDO[id] ?? refs[id])!;
    const resource = template.Resources[id];
    const own = resource?.Properties && NAMES.map((one) => resource.Properties[one]).find((one) => one !== undefined);
    const physical = own === undefined ? id : String(value(own, template));
    return ATTRIBUTES[resource?.Type ?? '']?.(physical)[name] ?? (name === 'Ref' ? physical : `${id}.${name}`);
  };

  const value = (node: unknown, template: Template): unknown => {
    if (Array.isArray(node)) return node.map((one) => value(one, template));
    if (typeof node !== 'object' || node === null) return node;
    const [[key, argument] = ['', undefined], ...more] = Object.entries(node);
    if (more.length === 0 && key in FUNCTIONS) return FUNCTIONS[key]!(argument, template);
    return Object.fromEntries(Object.entries(node).map(([name, one]) => [name, value(one, template)]));
  };

  const FUNCTIONS: Readonly<Record<string, (argument: unknown, template: Template) => unknown>> = {
    Ref: (id, template) => attribute(id as string, 'Ref', template),
    'Fn::GetAtt': (path, template) => {
      const [id, name] = path as [string, string];
      return attribute(id, name, template);
    },
    'Fn::Join': (argument, template) => {
      const [separator, parts] = value(argument, template) as [string, string[]];
      return parts.join(separator);
    },
    'Fn::ImportValue': (name) => {
      const { value: found, template } = exported.get(name as string)!;
      return value(found, template);
    },
    'Fn::Select': (argument, template) => {
      const [index, list] = value(argument, template) as [string, string[]];
      return list[Number(index)];
    },
    'Fn::Split': (argument, template) => {
      const [separator, text] = value(argument, template) as [string, string];
      return text.split(separator);
    },
  };

  return templates.flatMap((template) =>
    Object.entries(template.Resources).map(([id, { Type, Properties = {} }]) => ({
      id,
      type: Type,
      properties: value(Properties, template) as Resource['Properties'],
      ref: attribute(id, 'Ref', template),
    })),
  );
}

export type ResolvedResource = ReturnType<typeof resolved>[number];
