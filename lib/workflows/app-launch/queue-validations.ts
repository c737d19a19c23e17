import { latestImages } from '../../app-jobs.ts';
import type { App, Validation } from '../../domain/entities.ts';
import { type Configured, configuredValidations, isDecided, queued } from '../../domain/validation.ts';
import type { Services } from '../../ports.ts';

/** Moves the application's validations to PENDING, one write each, so that a repeat goes on where the first ended. */
export async function queueValidations(
  { appId, launchNumber }: { appId: string; launchNumber: number },
  services: Services,
): Promise<{ validations: number }> {
  const { store, clock } = services;
  const app = await store.get('App', appId);
  const configured = configuredValidations(await store.get('ValidationConfiguration', appId));
  if (app?.launchNumber !== launchNumber) return { validations: 0 };
  const images = await latestImages(app, services);
  let validations = 0;
  for (const one of configured) {
    const known = await store.get('Validation', one.validationId);
    const amiId = one.serverId ? images.get(one.serverId) : undefined;
    if (staysAsItIs(known, { app, one, amiId })) continue;
    validations++;
    if (known?.status === 'PENDING' && known.launchNumber === launchNumber) continue;
    await store.transact([queued(known, one, { app, amiId, at: clock.now(), trace: services.trace?.() })]);
  }
  return { validations };
}

/** A launched server runs its user data once: while its image is the same, a further launch leaves it as it is, and what its validation found holds. */
const staysAsItIs = (
  known: Validation | undefined,
  { app, one, amiId }: { app: App; one: Configured; amiId: string | undefined },
) => Boolean(app.stack && one.serverId && known && isDecided(known) && known.amiId === amiId);
