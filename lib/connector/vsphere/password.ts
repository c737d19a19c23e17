import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SourceSpecError } from '../source-spec-error.ts';
import { VcenterLoginError } from './faults.ts';

/** Bits of a file's mode that let others than its owner at it. */
const OTHERS = 0o077;
/** Milliseconds for a command to say a password: a person may have to unlock something. */
const COMMAND_LIMIT = 60_000;

/** Throws SourceSpecError where others than its owner may read the file, or there is none. */
export function demandPrivateFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile())
    throw new SourceSpecError(`password-file=${path}: there is no such file; write the password into it`);
  if (found.mode & OTHERS)
    throw new SourceSpecError(`password-file=${path}: others may read it; run chmod 600 ${path}`);
}

export async function passwordOfFile(path: string): Promise<string> {
  demandPrivateFile(path);
  return demandPassword(await readFile(path, 'utf8'), path);
}

/** The first line that the command prints. What else it prints is shown to nobody. */
export async function passwordOfCommand(command: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    const child = execFile('/bin/sh', ['-c', command], { timeout: COMMAND_LIMIT }, (error, stdout) => {
      if (!error) return resolve(stdout);
      const end = error.killed ? `did not end within ${COMMAND_LIMIT / 1000} s` : `ended with status ${error.code}`;
      reject(new VcenterLoginError(`password-command ${end}; run it by hand to see why`));
    });
    child.stdin?.end();
  });
  return demandPassword(text, 'password-command');
}

function demandPassword(text: string, origin: string): string {
  const [password = ''] = text.split(/\r?\n/);
  if (password !== '') return password;
  throw new VcenterLoginError(`there is no password in the first line of ${origin}`);
}
