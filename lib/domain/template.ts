import type { ServerLaunchConfiguration } from './app-configuration.ts';
import type { App, Tag } from './entities.ts';

/** A server as the template launches it. */
export interface TemplateServer {
  readonly vmName: string;
  readonly amiId: string;
  readonly launchOrder: number;
  readonly configuration: ServerLaunchConfiguration;
  /** The instance's user data, as plain text. */
  readonly userData?: string;
  /** GiB of the image's disks, in device order. Their volumes end with the instance, though the image would keep them. */
  readonly volumeSizes: readonly number[];
  /** Set when the launched volumes are to be encrypted, and with which key. */
  readonly encryption?: { readonly kmsKeyId?: string };
}

export interface Resource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** Characters of the application's name in descriptions, of which a template's may have 1,024 bytes. */
const LONGEST_NAME = 200;

/** Source: SMS's policies, whose stacks are all `sms-app-*`; this is `sms-` and the application's id. */
export const stackNameOf = (appId: string) => `sms-${appId}`;

/** The bucket of templates, scripts and outputs. Source: SMS's policies, whose buckets are all `sms-app-*`. */
export const bucketOf = ({ account, region }: { account: string; region: string }) => `sms-app-${account}-${region}`;

/** Device names in the order of the disks, as RegisterImage maps them; the boot disk first. */
export const deviceName = (index: number) =>
  index === 0 ? '/dev/sda1' : `/dev/sd${String.fromCharCode('a'.charCodeAt(0) + index)}`;

/** Logical ids that the template takes for itself; no server may bear one. */
export const GROUP = 'ApplicationGroup';
export const INSIGHTS = 'ApplicationInsights';
export const RESERVED_LOGICAL_IDS: readonly string[] = [GROUP, INSIGHTS];

/** The tag by which an application asks for CloudWatch Application Insights; SMS offered them in its console only. */
export const INSIGHTS_TAG = 'rehost:application-insights';

/**
 * The stack of an application: one instance per server, each tier after the one before it, and the resource group of them all. Servers without an image
 * are left out by the caller. These are the resource types that SMS's service role allowed. Source: ServerMigration_ServiceRole.
 */
export function renderTemplate(app: Pick<App, 'id' | 'name' | 'tags'>, servers: readonly TemplateServer[]): Template {
  const orders = [...new Set(servers.map(({ launchOrder }) => launchOrder))].sort((a, b) => a - b);
  const ofOrder = (order: number | undefined) =>
    servers.filter(({ launchOrder }) => launchOrder === order).map(({ configuration }) => configuration.logicalId);
  const inOrder = orders.flatMap((order) => servers.filter(({ launchOrder }) => launchOrder === order));
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Application ${app.name.slice(0, LONGEST_NAME)} (${app.id}), migrated by Rehost`,
    Resources: {
      ...Object.fromEntries(
        inOrder.map((server) => {
          const before = ofOrder(orders[orders.indexOf(server.launchOrder) - 1]);
          return [server.configuration.logicalId, instance(app, server, before)];
        }),
      ),
      [GROUP]: resourceGroup(app),
      ...(asksForInsights(app) ? { [INSIGHTS]: applicationInsights(app) } : {}),
    },
  };
}

/** Named like the stack, as SMS's policies want it. */
const resourceGroup = (app: Pick<App, 'id' | 'name' | 'tags'>): Resource => ({
  Type: 'AWS::ResourceGroups::Group',
  Properties: {
    Name: stackNameOf(app.id),
    Description: describing(app),
    ResourceQuery: {
      Type: 'CLOUDFORMATION_STACK_1_0',
      Query: { ResourceTypeFilters: ['AWS::EC2::Instance'], StackIdentifier: { Ref: 'AWS::StackId' } },
    },
    ...(app.tags.length > 0 ? { Tags: tagsOf(app.tags) } : {}),
  },
});

/** In the characters that a resource group's description may have. Source: Resource Groups API, CreateGroup. */
const describing = ({ name, id }: Pick<App, 'id' | 'name'>) =>
  `Application ${name.replaceAll(/[^\w\s.-]/g, '-').slice(0, LONGEST_NAME)} ${id}`;

const asksForInsights = ({ tags }: Pick<App, 'tags'>) =>
  tags.some(({ key, value }) => key === INSIGHTS_TAG && value !== 'false');

const applicationInsights = (app: Pick<App, 'tags'>): Resource => ({
  Type: 'AWS::ApplicationInsights::Application',
  Properties: {
    ResourceGroupName: { Ref: GROUP },
    AutoConfigurationEnabled: true,
    ...(app.tags.length > 0 ? { Tags: tagsOf(app.tags) } : {}),
  },
});

const tagsOf = (tags: readonly Tag[]) => tags.map(({ key, value }) => ({ Key: key, Value: value }));

function instance(app: Pick<App, 'id' | 'tags'>, server: TemplateServer, before: readonly string[]): Resource {
  const { configuration, amiId, userData, vmName } = server;
  const { instanceType, ec2KeyName, iamInstanceProfileName } = configuration;
  const named = app.tags.some(({ key }) => key === 'Name');
  const tags = [...(named ? [] : [{ key: 'Name', value: vmName }]), ...app.tags];
  return {
    Type: 'AWS::EC2::Instance',
    ...(before.length > 0 ? { DependsOn: before } : {}),
    Properties: {
      ImageId: amiId,
      ...(instanceType ? { InstanceType: instanceType } : {}),
      ...network(configuration),
      ...(ec2KeyName ? { KeyName: ec2KeyName } : {}),
      ...(iamInstanceProfileName ? { IamInstanceProfile: iamInstanceProfileName } : {}),
      ...(userData ? { UserData: { 'Fn::Base64': userData } } : {}),
      BlockDeviceMappings: volumes(server),
      Tags: tagsOf(tags),
    },
  };
}

/** A public address can be asked for on a network interface only, which then takes subnet and group as well. */
function network({ subnet, securityGroup, associatePublicIpAddress }: ServerLaunchConfiguration) {
  if (associatePublicIpAddress === undefined) {
    return { ...(subnet ? { SubnetId: subnet } : {}), ...(securityGroup ? { SecurityGroupIds: [securityGroup] } : {}) };
  }
  return {
    NetworkInterfaces: [
      {
        DeviceIndex: '0',
        AssociatePublicIpAddress: associatePublicIpAddress,
        DeleteOnTermination: true,
        ...(subnet ? { SubnetId: subnet } : {}),
        ...(securityGroup ? { GroupSet: [securityGroup] } : {}),
      },
    ],
  };
}

const volumes = ({ volumeSizes, encryption }: TemplateServer) =>
  volumeSizes.map((VolumeSize, index) => ({
    DeviceName: deviceName(index),
    Ebs: {
      VolumeSize,
      DeleteOnTermination: true,
      ...(encryption ? { Encrypted: true } : {}),
      ...(encryption?.kmsKeyId ? { KmsKeyId: encryption.kmsKeyId } : {}),
    },
  }));
