import { type ChildProcess, fork } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..', '..');
/** The Node that Lambda has, whatever runs the tests. */
export const NODE_24 = realpathSync(join(ROOT, 'node_modules', '.bin', 'node'));

interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly errorType?: string;
  readonly errorMessage?: string;
}

/** A deployed function: its bundle in a fresh process with the environment of its template and nothing else. Started by its first event, as Lambda does. */
export class LambdaProcess {
  readonly #file: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #child: ChildProcess | undefined;
  #calls = 0;
  /** Everything that the function wrote, and its runtime. */
  output = '';

  constructor(file: string, environment: Readonly<Record<string, string>>) {
    this.#file = file;
    this.#environment = environment;
  }

  async invoke(event: unknown): Promise<unknown> {
    this.#child ??= this.#start();
    const id = ++this.#calls;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child!.send({ id, event });
    });
    if (answer.errorType === undefined) return answer.output;
    throw Object.assign(new Error(answer.errorMessage), { name: answer.errorType });
  }

  #start(): ChildProcess {
    const child = fork(join(import.meta.dirname, 'lambda-bootstrap.mjs'), [pathToFileURL(this.#file).href], {
      execPath: NODE_24,
      execArgv: [],
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => {
        this.output += data;
      });
    child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.on('exit', () => {
      this.#child = undefined;
      for (const [id, resolve] of this.#waiting)
        resolve({
          id,
          errorType: 'Runtime.ExitError',
          errorMessage: `the function’s process ended: ${this.output.slice(-500)}`,
        });
      this.#waiting.clear();
    });
    return child;
  }

  end() {
    this.#child?.kill('SIGKILL');
  }
}
