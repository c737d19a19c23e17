/** What rights are about: ARNs and names of what the stacks make. */
export interface Surroundings {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly table: string;
  /** The service's bucket, and those with scripts. */
  readonly bucket: string;
  readonly scriptBuckets: readonly string[];
  readonly api: string;
  readonly bus: string;
  /** The dead letters of the publisher. */
  readonly unpublishedEvents: string;
  readonly tokenSecret: string;
  readonly clientKey: string;
  readonly launchRoles: readonly string[];
  /** What connectors put blocks with. */
  readonly connectorRole: string;
  readonly diskKeys: readonly string[];
  /** Names of the state machines. */
  readonly workflows: readonly string[];
}

/** One statement of a policy, before it is one. */
export interface Allowed {
  readonly actions: readonly string[];
  readonly resources: (at: Surroundings) => readonly string[];
  readonly conditions?: (at: Surroundings) => Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Why it names no single resource, or why no test sees it used. */
  readonly reason?: string;
}

export const ec2 =
  (...kinds: string[]) =>
  ({ partition, region }: Surroundings) =>
    kinds.map((kind) => `arn:${partition}:ec2:${region}::${kind}/*`);
export const inAccount =
  (service: string, ...resources: string[]) =>
  ({ partition, region, account }: Surroundings) =>
    resources.map((resource) => `arn:${partition}:${service}:${region}:${account}:${resource}`);
export const everything = () => ['*'];

/** Tag of every snapshot and image that the service made: it touches no others. */
export const OURS = () => ({ StringLike: { 'aws:ResourceTag/SMSJobId': 'sms-job-*' } });
