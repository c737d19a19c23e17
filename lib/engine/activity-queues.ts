import type { Json } from '../json.ts';

export interface ActivityTask {
  readonly executionArn: string;
  readonly thread: string;
  readonly nonce: string;
  readonly input: Json;
}

type Taker = (task: ActivityTask | undefined) => void;

/** Tasks that wait for workers, and workers that wait for tasks, by activity. In memory: recovery offers what was not taken again. */
export class ActivityQueues {
  readonly #tasks = new Map<string, ActivityTask[]>();
  readonly #takers = new Map<string, Taker[]>();

  offer(activityArn: string, task: ActivityTask) {
    const taker = this.#takers.get(activityArn)?.shift();
    if (taker) return taker(task);
    this.#tasks.set(activityArn, [...(this.#tasks.get(activityArn) ?? []), task]);
  }

  /** The next task, when there is one; `cancel` ends the waiting. */
  take(activityArn: string): { task: Promise<ActivityTask | undefined>; cancel: () => void } {
    const first = this.#tasks.get(activityArn)?.shift();
    if (first) return { task: Promise.resolve(first), cancel: () => {} };
    const { promise, resolve } = Promise.withResolvers<ActivityTask | undefined>();
    const takers = this.#takers.get(activityArn) ?? [];
    this.#takers.set(activityArn, takers);
    takers.push(resolve);
    const cancel = () => {
      const place = takers.indexOf(resolve);
      if (place >= 0) takers.splice(place, 1);
      resolve(undefined);
    };
    return { task: promise, cancel };
  }

  /** Takes back a task that nobody waits for any more. */
  withdraw(nonce: string) {
    if (this.#tasks.size === 0) return;
    for (const [arn, tasks] of this.#tasks) {
      const left = tasks.filter((task) => task.nonce !== nonce);
      if (left.length > 0) this.#tasks.set(arn, left);
      else this.#tasks.delete(arn);
    }
  }

  close() {
    for (const takers of this.#takers.values()) for (const taker of takers.splice(0)) taker(undefined);
    this.#tasks.clear();
  }
}
