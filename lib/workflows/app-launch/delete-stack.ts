import { stackNameOf } from '../../domain/template.ts';
import type { Services } from '../../ports.ts';
import type { StackProgress } from './poll-stack.ts';

/** Begins to delete the application's stack. */
export async function deleteStack({ appId }: { appId: string }, { stacks }: Services): Promise<StackProgress> {
  const stackName = stackNameOf(appId);
  const stackId = (await stacks.describe(stackName))?.stackId ?? '';
  await stacks.delete(stackName);
  return { stackName, stackId, status: 'IN_PROGRESS', waitSeconds: 1, polls: 0 };
}
