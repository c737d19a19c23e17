import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../lib/engine/engine.ts';
import { hostedInvoke } from '../../lib/engine/invoke.ts';
import type { Json } from '../../lib/json.ts';
import { openEngineStore } from '../../lib/local/sqlite-engine-store.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { FUNCTIONS, MACHINES, type MachineName } from './machines.ts';

/** Our engine on a file of its own with full durability. */
export interface Ours {
  readonly file: string;
  /** Runs a Standard execution to its end. */
  run(machine: MachineName, input: Json): Promise<void>;
  /** Runs a synchronous Express execution: in memory only, as the peer's are. */
  runInMemory(machine: MachineName, input: Json): Promise<void>;
  /** Begins a Standard execution. */
  begin(machine: MachineName, input: Json): Promise<string>;
  close(): Promise<void>;
}

export async function openOurs(folder = mkdtempSync(join(tmpdir(), 'engine-bench-'))): Promise<Ours> {
  const file = join(folder, 'engine.db');
  const store = openEngineStore(file);
  const engine = createEngine({
    store,
    clock: systemClock,
    newId: randomUUID,
    random: Math.random,
    account: '000000000000',
    region: 'us-east-1',
    invoke: hostedInvoke(FUNCTIONS),
    putEvents: async () => ({ Entries: [], FailedEntryCount: 0 }),
    log: (entry) => console.error(entry),
  });
  await engine.start();
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API
  const call = (operation: string, input: object) => engine.call(operation, input as Json) as Promise<any>;
  const arns = new Map<string, string>();
  const arnOf = async (machine: MachineName, type: 'STANDARD' | 'EXPRESS') => {
    const [name, definition] = [`${machine}-${type}`, JSON.stringify(MACHINES[machine])];
    const known = arns.get(name) ?? (await create(name, definition, type));
    arns.set(name, known);
    return known;
  };
  const create = async (name: string, definition: string, type: string): Promise<string> =>
    (await call('CreateStateMachine', { name, definition, type, roleArn: 'arn:aws:iam::000000000000:role/bench' }))
      .stateMachineArn;
  const begin = async (machine: MachineName, input: Json): Promise<string> => {
    const stateMachineArn = await arnOf(machine, 'STANDARD');
    return (await call('StartExecution', { stateMachineArn, input: JSON.stringify(input) })).executionArn;
  };
  return {
    file,
    begin,
    async run(machine, input) {
      const executionArn = await begin(machine, input);
      for (;;) {
        const { status } = await call('DescribeExecution', { executionArn });
        if (status !== 'RUNNING') return expectWell(machine, status);
        await engine.idle();
      }
    },
    async runInMemory(machine, input) {
      const stateMachineArn = await arnOf(machine, 'EXPRESS');
      const { status } = await call('StartSyncExecution', { stateMachineArn, input: JSON.stringify(input) });
      expectWell(machine, status);
    },
    async close() {
      await engine.stop();
      store.close();
    },
  };
}

export const removeFolderOf = ({ file }: Ours) => rmSync(join(file, '..'), { recursive: true });

function expectWell(machine: string, status: string) {
  if (status !== 'SUCCEEDED') throw new Error(`${machine} ended as ${status}`);
}
