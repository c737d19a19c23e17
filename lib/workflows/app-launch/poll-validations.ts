import type { App, Validation } from '../../domain/entities.ts';
import { decided, type Outcome } from '../../domain/validation.ts';
import type { Services } from '../../ports.ts';
import { pendingValidations } from './pending-validations.ts';

export interface ValidationProgress {
  readonly status: 'IN_PROGRESS' | 'DECIDED';
  readonly waitSeconds: number;
  readonly polls: number;
}

/** Seconds between two polls at most. */
const LONGEST_WAIT = 60;

/** Asks what became of the validations of this launch; waits longer the longer it takes. */
export async function pollValidations(
  {
    appId,
    launchNumber,
    validations: { polls },
  }: { appId: string; launchNumber: number; validations: ValidationProgress },
  services: Services,
): Promise<ValidationProgress> {
  const { store, clock } = services;
  const app = await store.get('App', appId);
  const pending = await pendingValidations(appId, launchNumber, services);
  let open = pending.length;
  for (const validation of pending) {
    const outcome = await outcomeOf(validation, app, services);
    if (!outcome) continue;
    await store.transact([decided(validation, outcome, clock.now())]);
    open--;
  }
  const waitSeconds = Math.min(LONGEST_WAIT, 1 + Math.floor((polls + 1) / 5));
  return { status: open > 0 ? 'IN_PROGRESS' : 'DECIDED', waitSeconds, polls: polls + 1 };
}

async function outcomeOf(
  { launchNumber, commandId, deadline, id }: Validation,
  app: App | undefined,
  services: Services,
): Promise<Outcome | undefined> {
  if (!app?.stack || app.launchNumber !== launchNumber)
    return { status: 'FAILED', message: 'the application was terminated or launched again meanwhile' };
  if (!commandId) {
    const late = deadline !== undefined && services.clock.now() >= deadline;
    const { serverValidationMinutes: minutes } = services.config.limits;
    return late ? { status: 'FAILED', message: `the server did not report within ${minutes} minutes` } : undefined;
  }
  const configuration = await services.store.get('ValidationConfiguration', app.id);
  const script = configuration?.appValidations.find(({ validationId }) => validationId === id);
  if (!script) return { status: 'FAILED', message: 'the validation was removed meanwhile' };
  const { instanceId } = script.ssmValidationParameters;
  const { status, message, output } = await services.commands.result({ commandId, instanceId });
  return status === 'IN_PROGRESS' ? undefined : { status, message, output };
}
