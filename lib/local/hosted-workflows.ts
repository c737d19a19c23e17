import type { Config } from '../config.ts';
import { ApiError } from '../engine/api-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { Json } from '../json.ts';
import type { Services } from '../ports.ts';
import { type MigrationInput, smsClient } from '../workflows/app-migration/services.ts';
import { readDefinition, substituted, WORKFLOWS } from '../workflows/definitions.ts';
import { MIGRATION_TASKS, TASKS } from '../workflows/tasks.ts';

export type HostedFunctions = Record<string, (input: Json) => Promise<Json>>;

/** Puts the workflows' functions where the engine finds them. */
export function hostTasks(
  functions: HostedFunctions,
  {
    services,
    url,
    accessKey,
  }: { services: Services; url: string; accessKey: { accessKeyId: string; secretAccessKey: string } },
) {
  const sms = smsClient({ endpoint: url, region: services.config.region, credentials: accessKey });
  const migration = { sms, store: services.store, clock: services.clock };
  for (const [name, run] of Object.entries(TASKS))
    functions[name] = (input) => run(input as never, services) as Promise<Json>;
  for (const [name, run] of Object.entries(MIGRATION_TASKS))
    functions[name] = (input) => run(input as unknown as MigrationInput, migration) as Promise<Json>;
}

/** Creates the state machines, or brings them to the definitions of this version; executions keep the one they began with. */
export async function loadStateMachines(engine: Engine, { account, region }: Config) {
  const arnOf = (name: string) => `arn:aws:lambda:${region}:${account}:function:${name}`;
  const roleArn = `arn:aws:iam::${account}:role/rehost`;
  for (const workflow of WORKFLOWS) {
    const definition = substituted(readDefinition(workflow), arnOf);
    const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${workflow}`;
    try {
      await engine.call('CreateStateMachine', { name: workflow, definition, roleArn });
    } catch (error) {
      if (!(error instanceof ApiError) || error.type !== 'StateMachineAlreadyExists') throw error;
      await engine.call('UpdateStateMachine', { stateMachineArn, definition });
    }
  }
}
