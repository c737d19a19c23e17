import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { EventPattern, IRuleTarget } from 'aws-cdk-lib/aws-events';
import type { IManagedPolicy, IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Config, Limits } from '../config.ts';

/** A rule of your own on the service's bus. */
export interface UserRule {
  readonly description?: string;
  /** Which events; `docs` of the events are the schemas in the registry. */
  readonly eventPattern: EventPattern;
  readonly targets: readonly IRuleTarget[];
}

/** What may be chosen of the service. One service stands in an account and region: the bucket and the state machines have fixed names. */
export interface RehostProps {
  /**
   * First part of the names of functions, bus, queues, topic and dashboard.
   * @default 'rehost'
   */
  readonly name?: string;
  /**
   * How long logs of functions and state machines are kept.
   * @default one month
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the table, the bucket and the key when their stack is deleted.
   * @default they stay
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Where the functions run. It needs ways to the services that docs/deploy.md names.
   * @default outside of any VPC
   */
  readonly vpc?: IVpc;
  /**
   * Which subnets of the VPC.
   * @default its private ones
   */
  readonly vpcSubnets?: SubnetSelection;
  /** @default one of the CDK's making, which lets everything out */
  readonly securityGroups?: readonly ISecurityGroup[];
  /**
   * Key for table, bucket, secrets, queues, topic and logs. The stack has to have an explicit region then (`env`); an imported key must let those services use it: docs/deploy.md.
   * @default AWS's own keys, and one that is made for the topic, which needs one
   */
  readonly encryptionKey?: IKey;
  /**
   * Limits that differ from SMS's.
   * @default lib/config.ts, DEFAULT_LIMITS
   */
  readonly limits?: Partial<Limits>;
  /** @default 'model' */
  readonly wireCasing?: Config['wireCasing'];
  /**
   * Whether the API has a URL. Without one it is reached by invocation only: workflows work, SMS clients do not, launched servers cannot report.
   * @default true
   */
  readonly publicApi?: boolean;
  /**
   * Invocations of the API that may run at once; it bounds what a flood of requests can cost.
   * @default what the account has left
   */
  readonly apiConcurrency?: number;
  /**
   * Further roles, by name, that applications may be launched with (`roleName` of a launch configuration).
   * @default only the role that the service makes
   */
  readonly launchRoles?: readonly IRole[];
  /**
   * Further rights of the role that launches applications.
   * @default EC2 instances, resource groups, Application Insights
   */
  readonly launchPolicies?: readonly IManagedPolicy[];
  /**
   * Roles that launched instances may have (`iamInstanceProfileName`).
   * @default none
   */
  readonly instanceRoles?: readonly IRole[];
  /**
   * Buckets with scripts and user data, besides the service's own.
   * @default none
   */
  readonly scriptBuckets?: readonly IBucket[];
  /**
   * Keys that encrypt replicated disks (`kmsKeyId`).
   * @default none: EBS's own key
   */
  readonly diskKeys?: readonly IKey[];
  /**
   * Rules on the bus, by their construct ids.
   * @default none
   */
  readonly rules?: Readonly<Record<string, UserRule>>;
  /**
   * Addresses that get failures and alarms by mail.
   * @default none: subscribe to the topic
   */
  readonly emails?: readonly string[];
  /**
   * What alarms do besides publishing to the topic.
   * @default nothing
   */
  readonly alarmActions?: readonly IAlarmAction[];
  /**
   * Age of a run above which an alarm is raised.
   * @default one day
   */
  readonly longestRun?: Duration;
}

/** The choices with their defaults. */
export type Settings = RehostProps &
  Required<Pick<RehostProps, 'name' | 'logRetention' | 'removalPolicy' | 'publicApi' | 'longestRun'>>;

export const settingsOf = (props: RehostProps = {}): Settings => ({
  ...props,
  name: props.name ?? 'rehost',
  logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
  removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
  publicApi: props.publicApi ?? true,
  longestRun: props.longestRun ?? Duration.days(1),
});

/** CloudFormation takes no tags for these. */
export const UNTAGGED = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };
