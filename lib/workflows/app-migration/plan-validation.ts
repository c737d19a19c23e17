import { demandMembers, members, PlanError, repeated } from './plan-members.ts';

/** How the launched application is validated: scripts in S3, by both of SMS's strategies. */
export interface PlannedValidation {
  /** Run by Systems Manager on managed instances. */
  readonly ssm?: readonly PlannedSsmValidation[];
  /** Run by launched servers themselves, at their first boot. */
  readonly userData?: readonly PlannedUserDataValidation[];
}

interface PlannedScript {
  /** One word; keeps its outcome from migration to migration. */
  readonly name: string;
  readonly s3Location: { readonly bucket: string; readonly key: string };
  readonly scriptType: (typeof SCRIPT_TYPES)[number];
}

export interface PlannedSsmValidation extends PlannedScript {
  readonly instanceId: string;
  /** The command line that runs the script. */
  readonly command: string;
  readonly executionTimeoutSeconds?: number;
  readonly outputS3BucketName?: string;
}

export interface PlannedUserDataValidation extends PlannedScript {
  /** The server's name, as in its group. */
  readonly server: string;
}

const SCRIPT_TYPES = ['SHELL_SCRIPT', 'POWERSHELL_SCRIPT'] as const;
/** The service reads and writes no other buckets. Source: user guide, application migration. */
const BUCKET = /^sms-app-/;

/** As SMS's model has them, so that a plan does not fail at this when all is replicated. */
const INSTANCE = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;
const TIMEOUT = { min: 60, max: 28_800 };

const SCRIPT = { name: 'string', s3Location: 'object', scriptType: 'string' } as const;
const MEMBERS = {
  validation: { ssm: 'list', userData: 'list' },
  ssm: {
    ...SCRIPT,
    instanceId: 'string',
    command: 'string',
    executionTimeoutSeconds: 'number',
    outputS3BucketName: 'string',
  },
  userData: { ...SCRIPT, server: 'string' },
  s3Location: { bucket: 'string', key: 'string' },
} as const;

/** Checks a plan's validation. Throws PlanError, which names the member. */
export function readValidation(value: unknown, servers: readonly string[]): void {
  const { ssm = [], userData = [] } = members(value, MEMBERS.validation, 'validation') as PlannedValidation;
  for (const [index, one] of ssm.entries()) readSsm(one, `validation.ssm[${index}]`);
  for (const [index, one] of userData.entries()) readUserData(one, servers, `validation.userData[${index}]`);
  const name = repeated([...ssm, ...userData].map((one) => one.name));
  if (name) throw new PlanError(`validation: ${name} is the name of two; give each its own`);
  const server = repeated(userData.map((one) => one.server));
  if (server) throw new PlanError(`validation.userData: server ${server} has two; put both into one script`);
}

function readSsm(value: unknown, path: string) {
  const script = members(value, MEMBERS.ssm, path);
  readScript(script, path);
  demandMembers(script, ['instanceId', 'command'], path);
  const {
    instanceId,
    executionTimeoutSeconds: timeout = TIMEOUT.min,
    outputS3BucketName: bucket,
  } = script as unknown as PlannedSsmValidation;
  if (!INSTANCE.test(instanceId))
    throw new PlanError(`${path}.instanceId: ${instanceId}; give a managed instance, as mi-0123456789abcdef0`);
  if (!(Number.isInteger(timeout) && timeout >= TIMEOUT.min && timeout <= TIMEOUT.max))
    throw new PlanError(`${path}.executionTimeoutSeconds: ${timeout}; give ${TIMEOUT.min} to ${TIMEOUT.max}`);
  if (bucket !== undefined) demandBucket(bucket, `${path}.outputS3BucketName`);
}

function readUserData(value: unknown, servers: readonly string[], path: string) {
  const script = members(value, MEMBERS.userData, path);
  readScript(script, path);
  demandMembers(script, ['server'], path);
  if (!servers.includes(script.server as string))
    throw new PlanError(`${path}.server: ${script.server} is in no group; there are ${servers.join(', ')}`);
}

function readScript(script: Readonly<Record<string, unknown>>, path: string) {
  demandMembers(script, Object.keys(SCRIPT), path);
  const { name, scriptType, s3Location } = script as unknown as PlannedScript;
  if (/\s/.test(name)) throw new PlanError(`${path}.name: "${name}" has a space; write it as one word`);
  if (!SCRIPT_TYPES.includes(scriptType))
    throw new PlanError(`${path}.scriptType: ${scriptType} is not one of ${SCRIPT_TYPES.join(', ')}`);
  const at = `${path}.s3Location`;
  demandMembers(members(s3Location, MEMBERS.s3Location, at), ['bucket', 'key'], at);
  demandBucket(s3Location.bucket, `${at}.bucket`);
}

function demandBucket(bucket: string, path: string) {
  if (!BUCKET.test(bucket))
    throw new PlanError(`${path}: ${bucket}; the service uses only buckets whose name begins with sms-app-`);
}
