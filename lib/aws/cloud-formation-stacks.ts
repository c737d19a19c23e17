import {
  AlreadyExistsException,
  type CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateListStackResources,
  type Stack,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import {
  InvalidTemplateError,
  type StackDescription,
  StackExistsError,
  type StackResource,
  type StackSpec,
  type StackStatus,
  type Stacks,
} from '../ports.ts';
import { TransientError } from '../workflows/transient-error.ts';
import { updateByChangeSet } from './change-set.ts';
import { domainOf, partitionOf } from './partition.ts';
import type { Pace } from './poll.ts';
import { failureOf } from './stack-failure.ts';

/** The types that a stack of SMS may have. Source: ServerMigration_ServiceRole, the condition on CreateStack and CreateChangeSet. */
const RESOURCE_TYPES = ['AWS::EC2::Instance', 'AWS::ApplicationInsights::Application', 'AWS::ResourceGroups::Group'];
/** Bytes of a template that may stand in the call. Source: CloudFormation quotas. */
const MAX_TEMPLATE_BODY = 51_200;
/** Tag of the request that made the stack, so that a repeat finds it. */
const TOKEN_TAG = 'rehost:token';

export interface CloudFormationOptions {
  readonly account: string;
  readonly region: string;
  /** Name of the role for stacks whose application names none; without it CloudFormation acts with the caller's rights. */
  readonly launchRole?: string;
  readonly pace?: Pace;
}

/** Stacks in CloudFormation. It makes, changes and removes them in its own time; these calls begin it, or tell how far it is. */
export function cloudFormationStacks(client: CloudFormationClient, options: CloudFormationOptions): Stacks {
  return {
    async create(spec) {
      try {
        const { StackId } = await client.send(new CreateStackCommand(stackOf(spec, options)));
        return { stackId: StackId! };
      } catch (error) {
        if (error instanceof AlreadyExistsException) return { stackId: await sameStack(client, spec) };
        throw templateError(error, spec);
      }
    },
    async update(spec) {
      const stack = await findStack(client, spec.stackName);
      if (!stack) throw new StackExistsError(`there is no stack ${spec.stackName}; create it`);
      const { ClientRequestToken: _, ...input } = stackOf(spec, options);
      try {
        await updateByChangeSet(client, { ...input, ChangeSetName: spec.token }, options.pace);
      } catch (error) {
        throw templateError(error, spec);
      }
      return { stackId: stack.StackId! };
    },
    async describe(stackName) {
      const stack = await findStack(client, stackName);
      return stack && description(client, stack);
    },
    async delete(stackName) {
      // A stack that is gone, or on its way, is deleted without complaint. Source: CloudFormation API, DeleteStack.
      await client.send(new DeleteStackCommand({ StackName: stackName }));
    },
  };
}

const stackOf = (spec: StackSpec, { account, region, launchRole }: CloudFormationOptions) => ({
  StackName: spec.stackName,
  ...templateOf(spec, region),
  ResourceTypes: RESOURCE_TYPES,
  ClientRequestToken: spec.token,
  ...roleOf(spec.roleName ?? launchRole, { account, region }),
  Tags: [...spec.tags, { key: TOKEN_TAG, value: spec.token }].map(({ key, value }) => ({ Key: key, Value: value })),
});

const roleOf = (name: string | undefined, { account, region }: CloudFormationOptions) =>
  name ? { RoleARN: `arn:${partitionOf(region)}:iam::${account}:role/${name}` } : {};

function templateOf({ templateBody, templateLocation: at }: StackSpec, region: string) {
  if (Buffer.byteLength(templateBody) <= MAX_TEMPLATE_BODY || !at) return { TemplateBody: templateBody };
  return { TemplateURL: `https://${at.bucket}.s3.${region}.${domainOf(region)}/${at.key}` };
}

/** The stack of that name, if this very request made it. */
async function sameStack(client: CloudFormationClient, { stackName, token }: StackSpec): Promise<string> {
  const stack = await findStack(client, stackName);
  if (stack?.Tags?.some(({ Key, Value }) => Key === TOKEN_TAG && Value === token)) return stack.StackId!;
  if (!stack || stack.StackStatus === 'DELETE_IN_PROGRESS')
    throw new TransientError(`stack ${stackName} is still being deleted`);
  throw new StackExistsError(`stack ${stackName} exists (${stack.StackStatus}); delete it or update it`);
}

async function findStack(client: CloudFormationClient, StackName: string): Promise<Stack | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks.find(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
  } catch (error) {
    if (isValidation(error) && /does not exist/.test((error as Error).message)) return undefined;
    throw error;
  }
}

async function description(client: CloudFormationClient, stack: Stack): Promise<StackDescription> {
  const { StackId: stackId, StackName: stackName, StackStatus, StackStatusReason } = stack;
  const resources: StackResource[] = [];
  for await (const page of paginateListStackResources({ client }, { StackName: stackId! }))
    resources.push(...(page.StackResourceSummaries ?? []).map(resourceOf));
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName: stackId! }));
  const statusReason = (await failureOf(client, stack)) ?? StackStatusReason;
  return {
    stackId: stackId!,
    stackName: stackName!,
    status: StackStatus as StackStatus,
    ...(statusReason ? { statusReason } : {}),
    templateBody: TemplateBody,
    resources,
  };
}

const resourceOf = (summary: StackResourceSummary): StackResource => ({
  logicalId: summary.LogicalResourceId!,
  type: summary.ResourceType!,
  status: summary.ResourceStatus!,
  ...(summary.PhysicalResourceId ? { physicalId: summary.PhysicalResourceId } : {}),
  ...(summary.ResourceStatusReason ? { statusReason: summary.ResourceStatusReason } : {}),
});

/** CloudFormation has one error for all that it finds wrong in a request. */
const isValidation = (error: unknown) => (error as Error).name === 'ValidationError';

const templateError = (error: unknown, { stackName }: StackSpec) =>
  isValidation(error)
    ? new InvalidTemplateError(`stack ${stackName}: ${(error as Error).message}`, { cause: error })
    : error;
