import middy from '@middy/core';
import { awsMigrationServices, awsServices } from '../../lib/aws/services.ts';
import type { MigrationInput, MigrationTask } from '../../lib/workflows/app-migration/services.ts';
import type { Task } from '../../lib/workflows/task.ts';

/** Wraps a workflow task as a Lambda handler: services from the environment, a log line in, one on failure. */
export function task<Input, Output>(run: Task<Input, Output>) {
  const services = awsServices(process.env);
  return logged((input: Input) => run(input, services), run.name);
}

/** The same for a task of `app-migration`, which reaches the service as its client. */
export function migrationTask<Output>(run: MigrationTask<Output>) {
  const services = awsMigrationServices(process.env);
  return logged((input: MigrationInput) => run(input, services), run.name);
}

function logged<Input, Output>(run: (input: Input) => Promise<Output>, name: string) {
  return middy<Input, Output>()
    .before(({ event }) =>
      console.log(JSON.stringify({ level: 'info', message: 'task begins', task: name, input: event })),
    )
    .onError(({ error }) =>
      console.log(JSON.stringify({ level: 'error', message: 'task failed', task: name, error: String(error) })),
    )
    .handler(run);
}
