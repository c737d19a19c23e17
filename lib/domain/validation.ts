import type { S3Location } from './app-configuration.ts';
import type { App, Validation, ValidationConfiguration } from './entities.ts';
import { advance, type Change, created, unchanged } from './transition.ts';

export const isDecided = ({ status }: Pick<Validation, 'status'>) => status === 'SUCCEEDED' || status === 'FAILED';

/** A configured validation, whoever runs it. */
export interface Configured {
  readonly validationId: string;
  readonly name: string;
  readonly serverId?: string;
}

export const configuredValidations = (configuration: ValidationConfiguration | undefined): Configured[] => [
  ...(configuration?.appValidations ?? []),
  ...(configuration?.serverValidations ?? []),
];

/** A validation that waits for the launch that it is to validate. What it found before is forgotten. */
export function queued(
  known: Validation | undefined,
  configured: Configured,
  launch: { app: Pick<App, 'id' | 'launchNumber'>; amiId?: string | undefined; at: number; trace?: string | undefined },
): Change<'Validation'> {
  const { app, amiId, at, trace } = launch;
  const ready = known ? superseded(known, at) : first(configured, app, at);
  const { id, version, sequence, appId, status, latestValidationTime, serverId } = ready.entity;
  const entity: Validation = {
    id,
    version,
    sequence,
    appId,
    status,
    name: configured.name,
    launchNumber: app.launchNumber,
    ...(latestValidationTime === undefined ? {} : { latestValidationTime }),
    ...(serverId ? { serverId } : {}),
    ...(amiId ? { amiId } : {}),
    ...(trace ? { trace } : {}),
  };
  return advance({ ...ready, entity }, ['Validation', 'PENDING'], { at });
}

function first(
  { validationId, name, serverId }: Configured,
  { id, launchNumber }: Pick<App, 'id' | 'launchNumber'>,
  at: number,
) {
  const entity: Validation = {
    id: validationId,
    version: 0,
    sequence: 0,
    appId: id,
    name,
    status: 'READY_FOR_VALIDATION',
    launchNumber,
    ...(serverId ? { serverId } : {}),
  };
  return created('Validation', entity, { machines: ['Validation'], at });
}

/** One that was under way has failed: another launch began. */
function superseded(known: Validation, at: number): Change<'Validation'> {
  const change = unchanged('Validation', known);
  return isDecided(known) || known.status === 'READY_FOR_VALIDATION'
    ? change
    : advance(change, ['Validation', 'FAILED'], { at, reason: 'another launch began' });
}

/** It runs. `deadline`: when it fails for want of an outcome. */
export const begun = (
  validation: Validation,
  { at, ...set }: { at: number; deadline?: number; commandId?: string },
): Change<'Validation'> => advance(unchanged('Validation', validation), ['Validation', 'IN_PROGRESS'], { at, set });

export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly message?: string | undefined;
  readonly output?: S3Location | undefined;
}

/** Bytes of a status message that the model allows. */
const LONGEST_MESSAGE = 2_500;

/** It is over. A server may report before the service has noticed that it runs. */
export function decided(
  validation: Validation,
  { status, message, output }: Outcome,
  at: number,
): Change<'Validation'> {
  const running =
    validation.status === 'PENDING' && status === 'SUCCEEDED'
      ? begun(validation, { at })
      : unchanged('Validation', validation);
  const set = {
    latestValidationTime: at,
    ...(message ? { statusMessage: message.slice(0, LONGEST_MESSAGE) } : {}),
    ...(output ? { ssmOutput: output } : {}),
  };
  return advance(running, ['Validation', status], { at, set, ...(message ? { reason: message.slice(0, 200) } : {}) });
}
