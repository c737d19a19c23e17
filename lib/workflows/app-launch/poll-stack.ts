import type { Services } from '../../ports.ts';

export interface StackProgress {
  readonly stackName: string;
  readonly stackId: string;
  readonly status: 'IN_PROGRESS' | 'COMPLETE' | 'DELETED' | 'FAILED';
  readonly message?: string;
  readonly waitSeconds: number;
  readonly polls: number;
}

/** Seconds between two polls at most. */
const LONGEST_WAIT = 30;

/** Asks how far the stack is; waits longer the longer it takes. */
export async function pollStack(
  { stack, action }: { stack: StackProgress; action: string },
  { stacks }: Services,
): Promise<StackProgress> {
  const polls = stack.polls + 1;
  const progress = { ...stack, polls, waitSeconds: Math.min(LONGEST_WAIT, 1 + Math.floor(polls / 5)) };
  const found = await stacks.describe(stack.stackName);
  if (!found || found.status === 'DELETE_COMPLETE') {
    return action === 'TERMINATE'
      ? { ...progress, status: 'DELETED' }
      : { ...progress, status: 'FAILED', message: `stack ${stack.stackName} is gone` };
  }
  if (found.status.endsWith('_IN_PROGRESS')) return { ...progress, status: 'IN_PROGRESS' };
  if (action !== 'TERMINATE' && (found.status === 'CREATE_COMPLETE' || found.status === 'UPDATE_COMPLETE'))
    return { ...progress, status: 'COMPLETE' };
  const broken = found.resources.find(({ statusReason }) => statusReason);
  const why = found.statusReason ?? (broken ? `${broken.logicalId}: ${broken.statusReason}` : 'see the stack events');
  return { ...progress, status: 'FAILED', message: `stack ${stack.stackName} is ${found.status}: ${why}` };
}
