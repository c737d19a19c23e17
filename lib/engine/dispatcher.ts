import { ActivityQueues } from './activity-queues.ts';
import { type Execution, parametersOf, type Signal } from './execution.ts';
import type { TaskServices } from './integrations/integration.ts';
import { integrationOf } from './integrations/integrations.ts';

export interface DispatcherOptions {
  readonly tasks: Omit<TaskServices, 'offer'>;
  /** Takes what came of a task. */
  answer(signal: Signal): void;
  /** Told each time when a task has come to its end here. */
  settled(): void;
  log(entry: object): void;
}

/** Carries out the tasks of threads that wait for them. */
export class Dispatcher {
  readonly activities = new ActivityQueues();
  /** What tasks can reach. */
  readonly services: TaskServices;
  readonly #options: DispatcherOptions;
  readonly #underWay = new Map<string, AbortController>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.services = { ...options.tasks, offer: (arn, task) => this.activities.offer(arn, task) };
  }

  get busy(): boolean {
    return this.#underWay.size > 0;
  }

  dispatch(execution: Execution, id: string) {
    const thread = execution.threads.get(id);
    const wait = thread?.wait;
    if (wait?.kind !== 'task') return;
    const { nonce, resource } = wait;
    const controller = new AbortController();
    this.#underWay.set(nonce, controller);
    const { signal } = controller;
    integrationOf(resource)
      .dispatch({ execution, thread: thread!, wait, parameters: parametersOf(thread!, wait), signal }, this.services)
      .catch((error: unknown): Signal => {
        if (!signal.aborted)
          this.#options.log({ level: 'error', message: 'a task failed unexpectedly', resource, error });
        return { kind: 'failure', nonce, error: 'States.TaskFailed', cause: String(error) };
      })
      .then((answer) => {
        this.#underWay.delete(nonce);
        if (answer) this.#options.answer(answer);
        this.#options.settled();
      });
  }

  /** Nobody waits for this task any more. */
  cancel(nonce: string) {
    this.#underWay.get(nonce)?.abort();
    this.#underWay.delete(nonce);
    this.activities.withdraw(nonce);
  }

  close() {
    for (const controller of this.#underWay.values()) controller.abort();
    this.activities.close();
  }
}
