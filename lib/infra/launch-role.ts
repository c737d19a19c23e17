import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** What CloudFormation does to launch, change and terminate an application of EC2 instances. */
const ACTIONS = [
  'ec2:RunInstances',
  'ec2:TerminateInstances',
  'ec2:StartInstances',
  'ec2:StopInstances',
  'ec2:ModifyInstanceAttribute',
  'ec2:CreateTags',
  'ec2:DeleteTags',
  'ec2:Describe*',
  'resource-groups:CreateGroup',
  'resource-groups:GetGroup',
  'resource-groups:GetGroupQuery',
  'resource-groups:GetTags',
  'resource-groups:UpdateGroup',
  'resource-groups:UpdateGroupQuery',
  'resource-groups:DeleteGroup',
  'resource-groups:Tag',
  'resource-groups:Untag',
  'applicationinsights:CreateApplication',
  'applicationinsights:DescribeApplication',
  'applicationinsights:UpdateApplication',
  'applicationinsights:DeleteApplication',
  'applicationinsights:TagResource',
];

/**
 * The role with which CloudFormation makes the stacks of applications. What the templates may hold is bounded where the stacks are made (three types of
 * resources), so that the functions themselves need no right to run an instance.
 */
export class LaunchRole extends Construct {
  readonly role: Role;

  constructor(
    scope: Construct,
    id: string,
    { name, launchPolicies = [], instanceRoles = [], diskKeys = [] }: Settings,
  ) {
    super(scope, id);
    this.role = new Role(this, 'Resource', {
      roleName: `${name}-launch`,
      description: 'CloudFormation launches the applications that Rehost migrates with it',
      assumedBy: new ServicePrincipal('cloudformation.amazonaws.com'),
      managedPolicies: [...launchPolicies],
    });
    this.role.addToPolicy(new PolicyStatement({ actions: ACTIONS, resources: ['*'] }));
    if (instanceRoles.length > 0) this.#passInstanceRoles(instanceRoles.map(({ roleArn }) => roleArn));
    for (const key of diskKeys) grantDisks(key, this.role);
  }

  #passInstanceRoles(resources: string[]) {
    const conditions = { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } };
    this.role.addToPolicy(new PolicyStatement({ actions: ['iam:PassRole'], resources, conditions }));
  }
}

type DiskKey = NonNullable<Settings['diskKeys']>[number];

/** Volumes that are made of encrypted snapshots. Source: EBS user guide, "Requirements for Amazon EBS encryption". */
function grantDisks(key: DiskKey, role: IGrantable) {
  key.grant(
    role,
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
    'kms:CreateGrant',
  );
}
