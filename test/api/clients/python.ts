import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KEY } from '../stub-service.ts';

/** A Python that has a module, or why there is none. */
export interface Python {
  readonly command: string;
  readonly module: string;
  /** Of the module. */
  readonly version?: string;
  readonly missing?: string;
}

/** The last botocore with the model of SMS in it, where Debian puts it; newer ones can read the model from there. */
export const MODELS = '/usr/lib/python3/dist-packages/botocore/data';

export function findPython(command: string, module: string): Python {
  const { status, stdout, error } = spawnSync(command, ['-c', `import ${module}; print(${module}.__version__)`], {
    encoding: 'utf8',
  });
  if (error) return { command, module, missing: `there is no ${command}` };
  if (!existsSync(join(MODELS, 'sms'))) return { command, module, missing: `${MODELS} has no model of SMS` };
  return status === 0
    ? { command, module, version: stdout.trim() }
    : { command, module, missing: `${command} has no module ${module}` };
}

/** A Python program that answers a line of JSON for each line of JSON. */
export class LineProgram {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #complaint = '';

  constructor(command: string, script: string, environment: Readonly<Record<string, string>>) {
    this.#process = spawn(command, [join(import.meta.dirname, script)], {
      stdio: 'pipe',
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        PYTHONWARNINGS: 'ignore',
        AWS_ACCESS_KEY_ID: KEY.accessKeyId,
        AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        ...environment,
      },
    });
    this.#process.stderr!.on('data', (text) => {
      this.#complaint += text;
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(request: object): Promise<T> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    return this.next<T>();
  }

  async next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the program ended: ${this.#complaint}`);
    return JSON.parse(value) as T;
  }

  end() {
    this.#process.stdin!.end();
  }
}
