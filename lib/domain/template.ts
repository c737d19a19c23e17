import type { App, ServerLaunchConfiguration } from './entities.ts';

/** A server as the template launches it. */
export interface TemplateServer {
  readonly vmName: string;
  readonly amiId: string;
  readonly launchOrder: number;
  readonly configuration: ServerLaunchConfiguration;
  /** The instance's user data, as plain text. */
  readonly userData?: string;
  /** Set when the launched volumes are to be encrypted: how many disks there are, and with which key. */
  readonly encryption?: { readonly disks: number; readonly kmsKeyId?: string };
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

/** Source: SMS's policies, whose stacks are all `sms-app-*`; this is `sms-` and the application's id. */
export const stackNameOf = (appId: string) => `sms-${appId}`;

/** The bucket of templates, scripts and outputs. Source: SMS's policies, whose buckets are all `sms-app-*`. */
export const bucketOf = ({ account, region }: { account: string; region: string }) => `sms-app-${account}-${region}`;

/** Device names in the order of the disks, as RegisterImage maps them; the boot disk first. */
export const deviceName = (index: number) =>
  index === 0 ? '/dev/sda1' : `/dev/sd${String.fromCharCode('a'.charCodeAt(0) + index)}`;

/** The stack of an application: one instance per server, each tier after the one before it. Servers without an image are left out by the caller. */
export function renderTemplate(app: Pick<App, 'id' | 'name' | 'tags'>, servers: readonly TemplateServer[]): Template {
  const orders = [...new Set(servers.map(({ launchOrder }) => launchOrder))].sort((a, b) => a - b);
  const ofOrder = (order: number | undefined) =>
    servers.filter(({ launchOrder }) => launchOrder === order).map(({ configuration }) => configuration.logicalId);
  const inOrder = orders.flatMap((order) => servers.filter(({ launchOrder }) => launchOrder === order));
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Application ${app.name} (${app.id}), migrated by Rehost`,
    Resources: Object.fromEntries(
      inOrder.map((server) => {
        const before = ofOrder(orders[orders.indexOf(server.launchOrder) - 1]);
        return [server.configuration.logicalId, instance(app, server, before)];
      }),
    ),
  };
}

function instance(app: Pick<App, 'id' | 'tags'>, server: TemplateServer, before: readonly string[]): Resource {
  const { configuration, amiId, userData, encryption, vmName } = server;
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
      ...(encryption ? { BlockDeviceMappings: encryptedDisks(encryption) } : {}),
      Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })),
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

const encryptedDisks = ({ disks, kmsKeyId }: { disks: number; kmsKeyId?: string }) =>
  Array.from({ length: disks }, (_, index) => ({
    DeviceName: deviceName(index),
    Ebs: { Encrypted: true, ...(kmsKeyId ? { KmsKeyId: kmsKeyId } : {}) },
  }));
