import type { AppValidation } from '../../domain/app-configuration.ts';
import type { App, Validation } from '../../domain/entities.ts';
import { MINUTE } from '../../domain/time.ts';
import { begun, decided } from '../../domain/validation.ts';
import { CommandRefusedError, type Services } from '../../ports.ts';
import { pendingValidations } from './pending-validations.ts';
import type { ValidationProgress } from './poll-validations.ts';

/** Begins the validations of this launch: scripts are sent to their instances, servers are given time to report. */
export async function startValidations(
  { appId, launchNumber }: { appId: string; launchNumber: number },
  services: Services,
): Promise<ValidationProgress> {
  const app = await services.store.get('App', appId);
  const configuration = await services.store.get('ValidationConfiguration', appId);
  for (const validation of await pendingValidations(appId, launchNumber, services)) {
    if (validation.status !== 'PENDING') continue;
    const script = configuration?.appValidations.find(({ validationId }) => validationId === validation.id);
    const change = script ? await send(validation, script, services) : awaited(validation, app, services);
    await services.store.transact([change]);
  }
  return { status: 'IN_PROGRESS', waitSeconds: 1, polls: 0 };
}

async function send(validation: Validation, script: AppValidation, { commands, clock, config }: Services) {
  const { source, instanceId, scriptType, command, executionTimeoutSeconds, outputS3BucketName } =
    script.ssmValidationParameters;
  const bucket = outputS3BucketName ?? `sms-app-${config.account}-${config.region}`;
  try {
    const { commandId } = await commands.send({
      token: `${validation.id}-${validation.launchNumber}`,
      instanceId,
      source: source.s3Location,
      scriptType,
      command,
      timeoutSeconds: executionTimeoutSeconds,
      output: { bucket, key: `${validation.appId}/${validation.id}/${validation.launchNumber}` },
    });
    return begun(validation, { at: clock.now(), commandId });
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    return decided(validation, { status: 'FAILED', message: error.message }, clock.now());
  }
}

/** A server reports by itself, if it was launched. */
function awaited(validation: Validation, app: App | undefined, { clock, config }: Services) {
  const at = clock.now();
  const { serverId } = validation;
  if (!serverId || !app?.stack?.launchedServerIds.includes(serverId))
    return decided(validation, { status: 'FAILED', message: `server ${serverId} was not launched` }, at);
  return begun(validation, { at, deadline: at + config.limits.serverValidationMinutes * MINUTE });
}
