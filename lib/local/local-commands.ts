import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CommandRefusedError, type CommandResult, type CommandSpec, type Commands, type Objects } from '../ports.ts';
import type { Rows } from './rows.ts';

/** A command as it is kept; one that was running when the process ended is never known to end. */
export interface LocalCommand extends CommandResult {
  readonly commandId: string;
  readonly token: string;
}

/** Bytes of output that are kept; Systems Manager keeps more in S3, but nobody reads more. */
const MAX_OUTPUT = 1_048_576;
/** Bytes of output that go into the message. */
const MESSAGE = 2_000;

export interface LocalCommandsOptions {
  readonly objects: Objects;
  /** Whether scripts may run on this machine: whoever may call the service could run anything then. */
  readonly allowed: boolean;
  newId(prefix: string, hexDigits: number): string;
}

/** Runs validation scripts on this machine, in the place of managed instances: each in a folder of its own, with its output kept as an object. */
export function localCommands(rows: Rows<LocalCommand>, options: LocalCommandsOptions): Commands {
  const running = new Set<string>();
  return {
    async send(spec) {
      const known = rows.all().find(({ token }) => token === spec.token);
      if (known) return { commandId: known.commandId };
      const script = await scriptOf(spec, options);
      const commandId = options.newId('command', 32);
      rows.put(commandId, { commandId, token: spec.token, status: 'IN_PROGRESS' });
      running.add(commandId);
      void run(spec, script, options)
        .catch((error: Error): CommandResult => ({ status: 'FAILED', message: error.message }))
        .then((result) => rows.put(commandId, { commandId, token: spec.token, ...result }))
        .finally(() => running.delete(commandId));
      return { commandId };
    },
    async result({ commandId }) {
      const known = rows.get(commandId);
      if (!known) return { status: 'FAILED', message: `there is no command ${commandId}` };
      if (known.status === 'IN_PROGRESS' && !running.has(commandId))
        return {
          status: 'FAILED',
          message: 'the service was restarted while the script ran; launch again to repeat it',
        };
      return known;
    },
  };
}

async function scriptOf({ source, scriptType, instanceId }: CommandSpec, { objects, allowed }: LocalCommandsOptions) {
  if (!allowed) {
    throw new CommandRefusedError(
      `instance ${instanceId}: there is no Systems Manager on one machine; start rehost up with --run-scripts, and scripts run on this machine`,
    );
  }
  if (scriptType === 'POWERSHELL_SCRIPT')
    throw new CommandRefusedError('PowerShell scripts are not run on this machine');
  const script = await objects.get(source);
  if (script === undefined)
    throw new CommandRefusedError(`there is no object ${source.bucket}/${source.key}; put the script there first`);
  return script;
}

async function run(spec: CommandSpec, script: string, { objects }: LocalCommandsOptions): Promise<CommandResult> {
  const folder = await mkdtemp(join(tmpdir(), 'rehost-command-'));
  try {
    const file = join(folder, basename(spec.source.key));
    await writeFile(file, script);
    await chmod(file, 0o700);
    const { code, output } = await finished(spec, folder);
    const location = { bucket: spec.output.bucket, key: `${spec.output.key}/stdout` };
    await objects.put(location, output);
    const tail = output.slice(-MESSAGE).trim();
    const why = code === undefined ? `it took longer than ${spec.timeoutSeconds} s` : `exit code ${code}`;
    return code === 0
      ? { status: 'SUCCEEDED', ...(tail ? { message: tail } : {}), output: location }
      : { status: 'FAILED', message: tail ? `${why}: ${tail}` : why, output: location };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Exit code and output of the command; no code when its time was over. */
function finished({ command, timeoutSeconds }: CommandSpec, folder: string) {
  return new Promise<{ code: number | undefined; output: string }>((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    const keep = (chunk: Buffer) => {
      if (output.length < MAX_OUTPUT) output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let late = false;
    // The whole group: what the script started ends with it.
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid!, 'SIGKILL');
    }, timeoutSeconds * 1_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: late ? undefined : (code ?? -1), output });
    });
  });
}
