import { describeFailure, type Failure } from '../failure.ts';
import { recordStep } from './record.ts';
import type { MigrationInput, MigrationServices } from './services.ts';

/** Notes why the migration failed; answers what its plan wants done then. */
export async function recordFailure(
  input: MigrationInput,
  services: MigrationServices,
): Promise<{ onFailure: string }> {
  const { failure } = input.state as { failure?: Failure };
  const reason = failure ? describeFailure(failure) : 'unknown';
  // A plan that cannot be read fails at its first step, before it has a name that could be recorded.
  if (input.plan?.app?.name) await recordStep(input, 'FAILED', { ...services, reason });
  return { onFailure: input.plan?.onFailure ?? 'NONE' };
}
