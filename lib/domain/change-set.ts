import { isDeepStrictEqual } from 'node:util';
import type { Tag } from './entities.ts';
import type { Resource, Template } from './template.ts';

/** The launched stack, as far as a comparison needs it. */
export interface Launched {
  readonly stackName: string;
  readonly stackId: string;
  /** JSON, as every launch writes it. */
  readonly templateBody: string;
  readonly resources: readonly { readonly logicalId: string; readonly physicalId?: string }[];
}

/** Whether a change of a property makes a new resource. */
type Recreation = 'Always' | 'Conditionally' | 'Never';

/** Update requirements of the properties that templates have. Source: CloudFormation resource specification. Others are taken as `Always`. */
const RECREATION: Readonly<Record<string, Readonly<Record<string, Recreation>>>> = {
  'AWS::EC2::Instance': {
    ImageId: 'Always',
    InstanceType: 'Conditionally',
    SubnetId: 'Always',
    SecurityGroupIds: 'Conditionally',
    NetworkInterfaces: 'Always',
    KeyName: 'Always',
    IamInstanceProfile: 'Never',
    UserData: 'Conditionally',
    BlockDeviceMappings: 'Conditionally',
    Tags: 'Never',
  },
  'AWS::ResourceGroups::Group': { Name: 'Always', Description: 'Never', ResourceQuery: 'Never', Tags: 'Never' },
  'AWS::ApplicationInsights::Application': {
    ResourceGroupName: 'Always',
    AutoConfigurationEnabled: 'Never',
    Tags: 'Never',
  },
};

/** One changed property. */
interface Detail {
  readonly Target: {
    readonly Attribute: 'Properties' | 'Tags';
    readonly Name?: string;
    readonly Path: string;
    readonly RequiresRecreation: Recreation;
    readonly BeforeValue?: string;
    readonly AfterValue?: string;
    readonly AttributeChangeType: 'Add' | 'Modify' | 'Remove';
  };
  readonly Evaluation: 'Static';
  readonly ChangeSource: 'DirectModification';
}

interface ResourceChange {
  readonly Action: 'Add' | 'Modify' | 'Remove';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly Replacement?: 'True' | 'False' | 'Conditional';
  readonly Scope?: readonly ('Properties' | 'Tags')[];
  readonly Details?: readonly Detail[];
}

/** A change set as DescribeChangeSet answers it. Source: CloudFormation API. */
export interface ChangeSet {
  readonly ChangeSetName: string;
  readonly StackName: string;
  readonly StackId: string;
  readonly CreationTime: string;
  readonly Status: 'CREATE_COMPLETE' | 'FAILED';
  readonly StatusReason?: string;
  readonly ExecutionStatus: 'AVAILABLE' | 'UNAVAILABLE';
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly Changes: readonly { readonly Type: 'Resource'; readonly ResourceChange: ResourceChange }[];
}

/** What would become of the launched stack by this template: resources added, modified with their properties, replaced, removed. */
export function changeSetOf(
  launched: Launched,
  { template, tags, at }: { template: Template; tags: readonly Tag[]; at: number },
): ChangeSet {
  const before = (JSON.parse(launched.templateBody) as Template).Resources;
  const after = template.Resources;
  const changes = [...new Set([...Object.keys(after), ...Object.keys(before)])]
    .map((logicalId) => changeOf(logicalId, { before: before[logicalId], after: after[logicalId], launched }))
    .filter((change) => change !== undefined);
  const time = new Date(at).toISOString();
  return {
    ChangeSetName: `${launched.stackName}-${time.replaceAll(/[-:.]/g, '')}`,
    StackName: launched.stackName,
    StackId: launched.stackId,
    CreationTime: time,
    // CloudFormation says it this way when there is nothing to change.
    ...(changes.length > 0
      ? { Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' }
      : {
          Status: 'FAILED',
          StatusReason: 'the launched stack is as a launch would make it now; there is nothing to change',
          ExecutionStatus: 'UNAVAILABLE',
        }),
    Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })),
    Changes: changes.map((ResourceChange) => ({ Type: 'Resource', ResourceChange })),
  };
}

function changeOf(
  logicalId: string,
  { before, after, launched }: { before: Resource | undefined; after: Resource | undefined; launched: Launched },
): ResourceChange | undefined {
  const physicalId = launched.resources.find((resource) => resource.logicalId === logicalId)?.physicalId;
  const about = {
    LogicalResourceId: logicalId,
    ...(physicalId ? { PhysicalResourceId: physicalId } : {}),
    ResourceType: (after ?? before)!.Type,
  };
  if (!before) return { Action: 'Add', LogicalResourceId: logicalId, ResourceType: about.ResourceType };
  if (!after) return { Action: 'Remove', ...about };
  const details = detailsOf(before, after);
  if (details.length === 0) return undefined;
  const recreation = details.map(({ Target }) => Target.RequiresRecreation);
  return {
    Action: 'Modify',
    ...about,
    Replacement: recreation.includes('Always')
      ? 'True'
      : recreation.includes('Conditionally')
        ? 'Conditional'
        : 'False',
    Scope: [...new Set(details.map(({ Target }) => Target.Attribute))],
    Details: details,
  };
}

/** Whether a change from one to the other makes a new resource. */
export const isReplaced = (before: Resource, after: Resource) =>
  detailsOf(before, after).some(({ Target }) => Target.RequiresRecreation === 'Always');

function detailsOf(before: Resource, after: Resource): Detail[] {
  const names = [...new Set([...Object.keys(before.Properties), ...Object.keys(after.Properties)])].sort();
  return names
    .filter((name) => !isDeepStrictEqual(before.Properties[name], after.Properties[name]))
    .map((name) => detail(name, before, after));
}

function detail(name: string, before: Resource, after: Resource): Detail {
  const [former, next] = [before.Properties[name], after.Properties[name]];
  return {
    Target: {
      ...(name === 'Tags' ? { Attribute: 'Tags' } : { Attribute: 'Properties', Name: name }),
      Path: `/Properties/${name}`,
      RequiresRecreation: RECREATION[after.Type]?.[name] ?? 'Always',
      ...(former === undefined ? {} : { BeforeValue: textOf(former) }),
      ...(next === undefined ? {} : { AfterValue: textOf(next) }),
      AttributeChangeType: former === undefined ? 'Add' : next === undefined ? 'Remove' : 'Modify',
    },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
