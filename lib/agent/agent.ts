import { type GetMessagesResult, LeaseLostError, type Message, type Work } from '../messages.ts';
import { forgetJob } from '../replication/forget-job.ts';
import { answerQuestion } from './answer-question.ts';
import { copy } from './copy.ts';
import { freezeGroup, type Group } from './freeze-group.ts';
import { releasePoint } from './frozen-points.ts';
import type { AgentOptions } from './options.ts';
import { type Reporter, reporter } from './reporter.ts';
import { sweepPoints } from './sweep-points.ts';

/** Milliseconds until a task that failed is taken again. */
const PAUSE = 30_000;

interface Held {
  readonly work: Work;
  readonly groupId?: string;
  readonly controller: AbortController;
  readonly report: Reporter;
  /** It was cancelled and is on its way out. */
  lost: boolean;
}

/**
 * A connector at work: asks the service for messages, does what they say beside its source, and tells the outcome. The same code works in the service's own
 * process and in one of its own, where only the way to the service and to the blocks is another. It keeps nothing of its own but what copies go on from:
 * what it should have, the service tells it again.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #held = new Map<string, Held>();
  readonly #tasks = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  /** The last work on each job: the next begins when it has ended. */
  readonly #jobs = new Map<string, Promise<void>>();
  #copying = 0;
  #waiting: (() => void)[] = [];
  #stopped = false;
  readonly #endSweeps: () => Promise<void>;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#endSweeps = sweepPoints(options.source, options);
  }

  /** Asks once, for at most so many seconds, and begins what it is told. */
  async poll(waitSeconds: number, signal?: AbortSignal): Promise<GetMessagesResult> {
    const { service, connectorId, copySlots } = this.#options;
    const held = [...this.#held.values()].filter(({ lost }) => !lost);
    const result = await service.getMessages(
      {
        connectorId,
        waitSeconds,
        copySlots: Math.max(0, copySlots - this.#held.size),
        transfers: held.map(({ work: { transferId, epoch } }) => ({ transferId, epoch })),
        tasks: [...this.#tasks],
      },
      signal,
    );
    if (!this.#stopped) for (const message of result.messages) this.#take(message);
    return result;
  }

  /** Whether anything is copied or frozen. */
  get busy() {
    return this.#held.size > 0;
  }

  /** Lets copies go where they are: the next start resumes them. */
  async stop() {
    this.#stopped = true;
    for (const { controller } of this.#held.values()) controller.abort();
    await this.#endSweeps();
    await Promise.allSettled(this.#work);
  }

  /** Resolves once nothing is being done. */
  async idle() {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  #take(message: Message) {
    switch (message.type) {
      case 'COPY':
        return this.#track(this.#inTurn(this.#hold(message.transfer)));
      case 'FREEZE':
        return this.#track(this.#freeze(message));
      case 'CANCEL':
        return this.#lose(message.transferId, new LeaseLostError('the service cancelled the transfer'));
      case 'FORGET_JOB':
        return this.#task(message.jobId, () => this.#forget(message.jobId));
      case 'ROTATE_KEY':
        return this.#task('ROTATE_KEY', async () => this.#options.rotateKey?.());
      default:
        return this.#task(message.requestId, () => answerQuestion(message, this.#options));
    }
  }

  #task(id: string, run: () => Promise<void>) {
    if (this.#tasks.has(id)) return;
    this.#tasks.add(id);
    const { clock } = this.#options;
    this.#track(
      run().then(
        () => void this.#tasks.delete(id),
        (error) => {
          // Told again at once, it would fail again at once.
          clock.setTimer(clock.now() + PAUSE, () => this.#tasks.delete(id));
          throw error;
        },
      ),
    );
  }

  #track(work: Promise<void>) {
    const { log } = this.#options;
    const tracked: Promise<void> = work
      .catch((error) => log({ level: 'error', message: 'the connector failed', error: (error as Error).stack }))
      .finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  /** Has the transfer from now on: the service hears that it goes on. */
  #hold(work: Work, groupId?: string): Held {
    const controller = new AbortController();
    const report = reporter(work, (error) => this.#lose(work.transferId, error), this.#options);
    const held = { work, controller, report, lost: false, ...(groupId === undefined ? {} : { groupId }) };
    this.#held.set(work.transferId, held);
    return held;
  }

  #lose(transferId: string, why: Error) {
    const held = this.#held.get(transferId);
    if (!held) return;
    held.lost = true;
    held.controller.abort(why);
  }

  #letGo(held: Held) {
    if (this.#held.get(held.work.transferId) === held) this.#held.delete(held.work.transferId);
    for (const wake of this.#waiting.splice(0)) wake();
    this.#options.onRoom?.();
  }

  async #freeze({ groupId, strict, transfers }: Group) {
    const members = transfers.map((work) => this.#hold(work, groupId));
    const chosen = await this.#chosen({ groupId, strict, transfers }).catch(async (error) => {
      // What was frozen stays so: the service gives the transfers again.
      for (const held of members) await this.#drop(held);
      throw error;
    });
    for (const held of members.filter(({ work }) => !chosen.includes(work.transferId))) await this.#giveUp(held);
    const copied = members.filter(({ work }) => chosen.includes(work.transferId));
    await Promise.all(copied.map((held) => this.#inTurn(held)));
  }

  /** Freezes the servers of the group; answers the transfers that the service wants copied then. */
  async #chosen(group: Group): Promise<readonly string[]> {
    const { service, connectorId } = this.#options;
    await Promise.all(group.transfers.map(({ jobId }) => this.#jobs.get(jobId)));
    const members = await freezeGroup(group, this.#options);
    const { groupId } = group;
    return (await service.sendMessage({ type: 'FREEZE_RESULT', connectorId, groupId, members })).copy ?? [];
  }

  /** A member of a group that is not to be copied. */
  async #giveUp(held: Held) {
    if (!this.#stopped) await releasePoint(held.work, this.#options);
    await this.#drop(held);
  }

  async #drop(held: Held) {
    await held.report.stop();
    this.#letGo(held);
  }

  /** Copies when there is room, and when the last work on the same job has ended. */
  async #inTurn(held: Held) {
    const { jobId } = held.work;
    const before = this.#jobs.get(jobId) ?? Promise.resolve();
    const turn = before.then(() => this.#copy(held));
    const ended = turn.catch(() => {});
    this.#jobs.set(jobId, ended);
    await turn.finally(() => {
      if (this.#jobs.get(jobId) === ended) this.#jobs.delete(jobId);
    });
  }

  async #copy(held: Held) {
    const { work, controller, report } = held;
    const { signal } = controller;
    try {
      while (this.#copying >= this.#options.copySlots && !signal.aborted)
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      if (!signal.aborted) await this.#copyNow(held);
    } catch (error) {
      if (!signal.aborted && !(error instanceof LeaseLostError)) throw error;
    } finally {
      await report.stop();
      if (held.lost) await releasePoint(work, this.#options);
      this.#letGo(held);
    }
  }

  async #copyNow(held: Held) {
    this.#copying++;
    try {
      const { work, controller, report } = held;
      const under = { signal: controller.signal, report, frozen: (at: number) => this.#frozen(held, at) };
      await copy(work, under, this.#options);
    } finally {
      this.#copying--;
    }
  }

  /** The server was frozen. Where that was not with its group, the service hears of the new instant, and decides whether it is near enough. */
  async #frozen({ work, groupId, report }: Held, at: number) {
    report.frozen(at);
    if (groupId === undefined) return;
    const { service, connectorId } = this.#options;
    const { transferId, epoch } = work;
    const members = [{ transferId, epoch, frozenAt: at }];
    const { copy: chosen = [] } = await service.sendMessage({ type: 'FREEZE_RESULT', connectorId, groupId, members });
    if (!chosen.includes(transferId)) throw new LeaseLostError('the instant is not that of the group');
  }

  /** Ends the copies of a deleted job, then removes what is kept of it. */
  async #forget(jobId: string) {
    const { service, connectorId, stateFolder } = this.#options;
    for (const { work } of [...this.#held.values()].filter((held) => held.work.jobId === jobId))
      this.#lose(work.transferId, new LeaseLostError(`job ${jobId} is deleted`));
    await this.#jobs.get(jobId);
    await forgetJob(jobId, stateFolder);
    await service.sendMessage({ type: 'FORGET_JOB_RESULT', connectorId, jobId });
  }
}
