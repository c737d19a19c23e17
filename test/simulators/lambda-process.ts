import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InvokeContext } from './lambda.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The Node that Lambda has, whatever runs the tests. */
export const NODE_24 = realpathSync(join(ROOT, 'node_modules', '.bin', 'node'));

interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly errorType?: string;
  readonly errorMessage?: string;
}

/** An instance of the function, with one event at a time. */
interface Instance {
  readonly child: ChildProcess;
  answered?: ((answer: Answer) => void) | undefined;
}

/**
 * A deployed function: its bundle in fresh processes with the environment of its template and nothing else. As Lambda does, each event has a process to
 * itself while it lasts: one that is idle, or a new one.
 */
export class LambdaProcess {
  readonly #file: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #instances = new Set<Instance>();
  #calls = 0;
  /** Everything that the function wrote, and its runtime. */
  output = '';

  constructor(file: string, environment: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#environment = environment;
  }

  async invoke(event: unknown, { traceHeader }: InvokeContext = {}): Promise<unknown> {
    const instance = [...this.#instances].find(({ answered }) => !answered) ?? this.#start();
    const id = ++this.#calls;
    const answer = await new Promise<Answer>((resolve) => {
      instance.answered = resolve;
      instance.child.send({ id, event, traceHeader: partOf(traceHeader) });
    });
    instance.answered = undefined;
    if (answer.errorType === undefined) return answer.output;
    throw Object.assign(new Error(answer.errorMessage), { name: answer.errorType });
  }

  #start(): Instance {
    const child = fork(join(import.meta.dirname, 'lambda-bootstrap.mjs'), [pathToFileURL(this.#file).href], {
      execPath: NODE_24,
      execArgv: [],
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const instance: Instance = { child };
    this.#instances.add(instance);
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => {
        this.output += data;
      });
    child.on('message', (answer: Answer) => instance.answered?.(answer));
    child.on('exit', () => {
      this.#instances.delete(instance);
      const errorMessage = `the function’s process ended: ${this.output.slice(-500)}`;
      instance.answered?.({ id: 0, errorType: 'Runtime.ExitError', errorMessage });
    });
    return instance;
  }

  end() {
    for (const { child } of this.#instances) child.kill('SIGKILL');
  }
}

/** The function's own part of the caller's trace, or of a new one, which active tracing begins. Source: Lambda developer guide, X-Ray. */
function partOf(traceHeader: string | undefined): string {
  const hex = (bytes: number) => randomBytes(bytes).toString('hex');
  const now = Math.floor(Date.now() / 1_000).toString(16);
  const [, root = `1-${now}-${hex(12)}`] = /Root=([^;]+)/.exec(traceHeader ?? '') ?? [];
  const [, sampled = '1'] = /Sampled=([01])/.exec(traceHeader ?? '') ?? [];
  return `Root=${root};Parent=${hex(8)};Sampled=${sampled};Lineage=1:${hex(4)}:0`;
}
