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

/** A plan that cannot be carried out; the message names the member. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

const MEMBERS = {
  plan: {
    app: 'object',
    serverGroups: 'list',
    replication: 'object',
    launch: 'object',
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
  refuseRepeated(groups as PlannedGroup[]);
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

function refuseRepeated(groups: readonly PlannedGroup[]) {
  const names = groups.flatMap(({ servers }) => servers.map(({ name }) => name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new PlanError(`serverGroups: server ${twice} is named twice`);
}

/** The value as an object with only these members, each of its type. */
function members<M extends Readonly<Record<string, string>>>(
  value: unknown,
  types: M,
  path: string,
): { [K in keyof M]?: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PlanError(`${path}: an object with ${Object.keys(types).join(', ')} is expected`);
  for (const [name, member] of Object.entries(value)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (!type) throw new PlanError(`${path}: there is no member ${name}; there are ${Object.keys(types).join(', ')}`);
    const actual = Array.isArray(member) ? 'list' : member === null ? 'nothing' : typeof member;
    if (actual !== type) throw new PlanError(`${path}.${name}: ${JSON.stringify(member)} is not a ${type}`);
  }
  return value;
}
