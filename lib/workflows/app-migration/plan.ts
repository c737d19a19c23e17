import { members, PlanError, repeated } from './plan-members.ts';
import { type PlannedValidation, readValidation } from './plan-validation.ts';

export { PlanError };

/** What `rehost migrate FILE` reads, and a `Migration Requested` event carries. */
export interface MigrationPlan {
  readonly app: {
    readonly name: string;
    readonly description?: string;
    readonly roleName?: string;
    readonly tags?: Readonly<Record<string, string>>;
  };
  readonly serverGroups: readonly PlannedGroup[];
  readonly replication?: PlannedReplication;
  /** Launch settings of all servers; a server's own come before them. */
  readonly launch?: PlannedLaunch & { readonly roleName?: string };
  /** In the place of what the application has; what it has stays where this is absent. */
  readonly validation?: PlannedValidation;
  /** Wait for a person's consent between template and launch. */
  readonly approval?: boolean;
  readonly onFailure?: (typeof ON_FAILURE)[number];
  /** An earlier migration of the application that failed: what has been replicated since it began is not replicated again. */
  readonly resume?: string;
}

export interface PlannedGroup {
  readonly name: string;
  /** Groups start in ascending order. */
  readonly launchOrder: number;
  readonly servers: readonly ({ readonly name: string } & PlannedLaunch)[];
}

export interface PlannedReplication {
  readonly frequency?: number;
  readonly runOnce?: boolean;
  readonly licenseType?: 'AWS' | 'BYOL';
  readonly numberOfRecentAmisToKeep?: number;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
}

export interface PlannedLaunch {
  readonly instanceType?: string;
  readonly vpc?: string;
  readonly subnet?: string;
  readonly securityGroup?: string;
  readonly ec2KeyName?: string;
  readonly iamInstanceProfileName?: string;
  readonly associatePublicIpAddress?: boolean;
}

export const ON_FAILURE = ['NONE', 'STOP_REPLICATION', 'TERMINATE_LAUNCH'] as const;

const MEMBERS = {
  plan: {
    app: 'object',
    serverGroups: 'list',
    replication: 'object',
    launch: 'object',
    validation: 'object',
    approval: 'boolean',
    onFailure: 'string',
    resume: 'string',
  },
  app: { name: 'string', description: 'string', roleName: 'string', tags: 'object' },
  group: { name: 'string', launchOrder: 'number', servers: 'list' },
  replication: {
    frequency: 'number',
    runOnce: 'boolean',
    licenseType: 'string',
    numberOfRecentAmisToKeep: 'number',
    encrypted: 'boolean',
    kmsKeyId: 'string',
  },
  launch: {
    instanceType: 'string',
    vpc: 'string',
    subnet: 'string',
    securityGroup: 'string',
    ec2KeyName: 'string',
    iamInstanceProfileName: 'string',
    associatePublicIpAddress: 'boolean',
  },
} as const;

/** The value as a plan. Throws PlanError for a member that is unknown, missing or of another type; what the values mean is for the service to check. */
export function readPlan(value: unknown): MigrationPlan {
  const plan = members(value, MEMBERS.plan, 'the plan');
  const app = members(plan.app, MEMBERS.app, 'app');
  if (!app.name) throw new PlanError('app.name: name the application');
  if (plan.replication !== undefined) members(plan.replication, MEMBERS.replication, 'replication');
  if (plan.launch !== undefined) members(plan.launch, { ...MEMBERS.launch, roleName: 'string' }, 'launch');
  if (plan.onFailure !== undefined && !ON_FAILURE.includes(plan.onFailure as never)) {
    throw new PlanError(`onFailure: ${JSON.stringify(plan.onFailure)} is not one of ${ON_FAILURE.join(', ')}`);
  }
  const groups = (plan.serverGroups ?? []) as unknown[];
  if (groups.length === 0) throw new PlanError('serverGroups: name at least one group of servers');
  for (const [index, group] of groups.entries()) readGroup(group, `serverGroups[${index}]`);
  const servers = (groups as PlannedGroup[]).flatMap((group) => group.servers.map(({ name }) => name));
  const twice = repeated(servers);
  if (twice) throw new PlanError(`serverGroups: server ${twice} is named twice`);
  if (plan.validation !== undefined) readValidation(plan.validation, servers);
  return value as MigrationPlan;
}

function readGroup(value: unknown, path: string) {
  const group = members(value, MEMBERS.group, path);
  if (!group.name || group.launchOrder === undefined) throw new PlanError(`${path}: name and launchOrder are required`);
  const servers = (group.servers ?? []) as unknown[];
  if (servers.length === 0) throw new PlanError(`${path}.servers: name at least one server`);
  for (const [index, server] of servers.entries()) {
    const { name } = members(server, { ...MEMBERS.launch, name: 'string' }, `${path}.servers[${index}]`);
    if (!name) throw new PlanError(`${path}.servers[${index}].name is required`);
  }
}
