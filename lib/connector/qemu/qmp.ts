import { isRecord, recordOf, textOf } from './answers.ts';
import { JsonLines, SilentSocketError } from './json-lines.ts';

/** Milliseconds for an answer: a command that waits for a disk may take a while. */
const ANSWER_LIMIT = 30_000;
/** Milliseconds for the greeting. QEMU greets at once, unless another program is connected: a monitor has one client at a time. */
const GREETING_LIMIT = 3_000;
/** Documents before an answer: events of a busy guest. A socket that sends nothing else is no monitor. */
const MAX_EVENTS = 10_000;

/** QEMU refused a command. */
export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly command: string;

  constructor(command: string, description: string) {
    super(`QEMU refuses ${command}: ${description}`);
    this.command = command;
  }
}

/** A QEMU machine protocol session: commands one after the other. Source: QEMU's documentation, interop/qmp-spec. */
export interface Qmp {
  /** Of QEMU, as in [7, 2]. */
  readonly version: readonly [major: number, minor: number];
  /** Throws QmpError, SilentSocketError. */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

/** Throws the socket's error when no QEMU listens there, and SilentSocketError when it does not answer. */
export async function connectQmp(path: string): Promise<Qmp> {
  const lines = await JsonLines.open(path);
  try {
    const version = versionOf(await greeting(lines));
    const qmp: Qmp = {
      version,
      execute: (command, args = {}) => execute(lines, command, args),
      close: () => lines.close(),
    };
    await qmp.execute('qmp_capabilities');
    return qmp;
  } catch (error) {
    lines.close();
    throw error;
  }
}

async function greeting(lines: JsonLines): Promise<unknown> {
  try {
    return await lines.next(GREETING_LIMIT);
  } catch (cause) {
    if (!(cause as Error).message.includes('no answer')) throw cause;
    throw new SilentSocketError(
      `${lines.path} does not greet: a QMP socket serves one program at a time, so give Rehost one of its own (qemu -qmp unix:FILE,server=on,wait=off)`,
      { cause },
    );
  }
}

function versionOf(answer: unknown): [number, number] {
  if (!isRecord(answer) || !isRecord(answer.QMP)) throw new SilentSocketError('the socket is not a QMP socket of QEMU');
  const qemu = recordOf(recordOf(answer.QMP.version, 'the greeting').qemu, 'the greeting');
  return [Number(qemu.major), Number(qemu.minor)];
}

async function execute(lines: JsonLines, command: string, args: Readonly<Record<string, unknown>>) {
  lines.send({ execute: command, arguments: args });
  for (let documents = 0; documents < MAX_EVENTS; documents++) {
    const answer = recordOf(await lines.next(ANSWER_LIMIT), command);
    if (isRecord(answer.error)) throw new QmpError(command, textOf(answer.error.desc ?? '', command));
    if ('return' in answer) return answer.return;
  }
  throw new SilentSocketError(`${lines.path} does not answer ${command}, but sends events without end`);
}
