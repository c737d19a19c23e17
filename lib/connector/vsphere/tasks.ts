import { setTimeout as sleep } from 'node:timers/promises';
import { localizedFault } from './faults.ts';
import { type Moref, morefOf } from './moref.ts';
import { propertiesOf } from './properties.ts';
import type { VimSession } from './vim-session.ts';
import { MalformedAnswerError, textOf, type Xml } from './xml.ts';

/** Milliseconds between two looks at a task; each is longer than the one before, up to the second number. */
const FIRST_LOOK = 20;
const LONGEST_LOOK = 2_000;

/** Calls a method that is a task, and waits for its end, however long: the removal of a large snapshot takes hours. Throws VimFaultError. */
export async function runTask(
  session: VimSession,
  { method, target, args = '' }: { method: string; target: Moref; args?: string },
): Promise<Xml | undefined> {
  const task = morefOf(await session.call(method, target, args), 'returnval');
  for (let look = FIRST_LOOK; ; look = Math.min(look * 2, LONGEST_LOOK)) {
    const found = await propertiesOf(session, task, ['info.state', 'info.error', 'info.result']);
    const state = textOf(found?.get('info.state'));
    if (state === 'success') return found?.get('info.result');
    if (state === 'error') throw localizedFault(found?.get('info.error') ?? '', `${method} of ${target.id}`);
    if (state !== 'queued' && state !== 'running')
      throw new MalformedAnswerError(`task ${task.id} (${method} of ${target.id}) is gone; look for it in vCenter`);
    await sleep(look);
  }
}
