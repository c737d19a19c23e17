import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ListStateMachinesCommand, paginateListExecutions } from '@aws-sdk/client-sfn';
import { parse } from 'yaml';
import { type MigrationPlan, PlanError, readPlan } from '../workflows/app-migration/plan.ts';
import { executionName } from '../workflows/rules.ts';
import { UsageError } from './command.ts';
import type { Endpoint } from './endpoint.ts';

/** A migration file: a plan, and the sources that an embedded service is to have. */
export interface MigrationFile {
  readonly plan: MigrationPlan;
  /** With folders made absolute from where the file stands. */
  readonly sources: readonly string[];
}

/** Reads `rehost migrate`'s file. Throws PlanError, which names the member. */
export function readMigrationFile(path: string): MigrationFile {
  const value = parseYaml(path);
  if (typeof value !== 'object' || value === null) throw new PlanError(`${path}: the file holds no plan`);
  const { sources = [], ...plan } = value as { sources?: unknown };
  if (!Array.isArray(sources) || sources.some((source) => typeof source !== 'string'))
    throw new PlanError(`${path}: sources: give a list as [images:FOLDER]`);
  const from = dirname(resolve(path));
  return {
    plan: readPlan(plan),
    sources: sources.map((source: string) =>
      source.replace(
        /^(images|hyperv|qemu|nbd):(.*)$/,
        (_, kind: string, place: string) => `${kind}:${resolve(from, place)}`,
      ),
    ),
  };
}

function parseYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new PlanError(`${path}: there is no such file`);
    throw new PlanError(`${path}: ${(error as Error).message}`);
  }
}

/** The state machine that migrates applications, wherever the endpoint has it. */
export async function migrationMachine({ sfn }: Endpoint): Promise<string> {
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(new ListStateMachinesCommand({ nextToken }));
    const machine = page.stateMachines?.find(({ name }) => name === 'app-migration');
    if (machine) return machine.stateMachineArn!;
    nextToken = page.nextToken;
  } while (nextToken);
  throw new Error('the endpoint has no state machine app-migration; is it Rehost?');
}

export const migrationArn = async (name: string, endpoint: Endpoint) =>
  `${(await migrationMachine(endpoint)).replace(':stateMachine:', ':execution:')}:${name}`;

/** A migration of the application that is still under way, after its caller was interrupted for example. */
export const runningMigration = (appName: string, endpoint: Endpoint): Promise<string | undefined> =>
  newestMigration(appName, 'RUNNING', endpoint);

/** The newest migration of the application that failed. Throws UsageError. */
export async function failedMigration(appName: string, endpoint: Endpoint): Promise<string> {
  const failed = await newestMigration(appName, 'FAILED', endpoint);
  if (failed) return failed.split(':').at(-1)!;
  throw new UsageError(`--resume: no migration of application ${appName} has failed; leave it out`);
}

/** ARN of the newest execution of that status. Executions are named after their application. */
async function newestMigration(
  appName: string,
  statusFilter: 'RUNNING' | 'FAILED',
  endpoint: Endpoint,
): Promise<string | undefined> {
  const stateMachineArn = await migrationMachine(endpoint);
  const prefix = executionName(appName, 'migration', '');
  for await (const { executions = [] } of paginateListExecutions(
    { client: endpoint.sfn },
    { stateMachineArn, statusFilter },
  )) {
    const found = executions.find(({ name }) => name?.startsWith(prefix));
    if (found) return found.executionArn;
  }
  return undefined;
}
