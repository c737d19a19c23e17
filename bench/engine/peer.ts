import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../lib/json.ts';
import { FUNCTIONS, MACHINES, type MachineName, TASKS } from './machines.ts';

/** The engine that is measured beside ours: in memory, without history or durability. */
export const PEER = 'aws-local-stepfunctions@3.0.0';

export interface Peer {
  run(machine: MachineName, input: Json): Promise<void>;
  /** Begins an execution that nobody waits for. */
  begin(machine: MachineName, input: Json): void;
}

interface Library {
  readonly StateMachine: new (
    definition: object,
  ) => {
    run(input: Json, options: object): { readonly result: Promise<unknown>; abort(): void };
  };
}

/** Installs the peer into a folder of its own: it is no dependency of ours. Undefined where it cannot be had. */
export function installPeer(): { readonly folder: string; remove(): void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'engine-peer-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
  try {
    execFileSync('npm', ['install', ...options, '--prefix', folder, PEER], { stdio: 'ignore', timeout: 120_000 });
    return { folder, remove };
  } catch (error) {
    console.warn(`  ${PEER} is not measured: npm could not install it (${(error as Error).message})`);
    remove();
    return undefined;
  }
}

export function openPeer(folder: string): Peer {
  const { StateMachine } = createRequire(join(folder, 'package.json'))('aws-local-stepfunctions') as Library;
  const taskResourceLocalHandlers = Object.fromEntries(
    Object.entries(TASKS).map(([state, name]) => [state, FUNCTIONS[name]!]),
  );
  const machines = Object.fromEntries(
    Object.entries(MACHINES).map(([name, definition]) => [name, new StateMachine(definition)]),
  );
  const started = (machine: MachineName, input: Json) =>
    machines[machine]!.run(input, { overrides: { taskResourceLocalHandlers } });
  return {
    run: async (machine, input) => void (await started(machine, input).result),
    begin: (machine, input) => void started(machine, input).result.catch(() => {}),
  };
}
