import { awsMigrationServices, awsServices, type PortMakers } from '../../lib/aws/services.ts';
import type { MigrationInput, MigrationTask } from '../../lib/workflows/app-migration/services.ts';
import type { Task } from '../../lib/workflows/task.ts';
import { observed } from './observed.ts';
import { prepared } from './prepared.ts';

/** Wraps a workflow task as a Lambda handler: services from the environment with the ports that it uses, a log line in, one on failure. */
export function task<Input, Output>(run: Task<Input, Output>, ports: PortMakers = {}) {
  const services = prepared(() => awsServices(process.env, ports));
  return observed(run.name, async (input: Input) => run(input, await services()));
}

/** The same for a task of `app-migration`, which reaches the service as its client. */
export function migrationTask<Output>(run: MigrationTask<Output>) {
  const services = prepared(() => awsMigrationServices(process.env));
  return observed(run.name, async (input: MigrationInput) => run(input, await services()));
}
