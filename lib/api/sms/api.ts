import type { Services } from '../../ports.ts';
import { retryingConflicts } from '../conflicts.ts';
import type { ConnectorActions } from '../connectors/actions.ts';
import type { Caller, JsonApi } from '../dispatch.ts';
import { unknownOperation } from '../errors.ts';
import { validate } from '../validate.ts';
import { toWire } from '../wire.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { once } from './repeated-calls.ts';
import { isOperationName, OPERATION_SHAPES, type OperationName } from './shapes.ts';
import { fromLegacy, toLegacy } from './wire-casing.ts';

/** What stands behind the wire. */
export interface Implementation {
  /** `input` fits the operation's shape. */
  run(operation: OperationName, input: unknown, context: { services: Services; caller: Caller }): Promise<object>;
}

function ourOperations(): Implementation {
  const attempt = retryingConflicts();
  return {
    run(name, input, context) {
      const operation = OPERATIONS[name] as Operation<unknown, object>;
      return attempt(name, () => once({ operation: name, ...context }, (services) => operation(input, services)));
    },
  };
}

/** SMS as an AWS JSON API, with the two actions of connectors where they are given. Source: the model's metadata (targetPrefix, jsonVersion). */
export function smsApi(
  services: Services,
  { run }: Implementation = ourOperations(),
  actions?: ConnectorActions,
): JsonApi {
  const legacy = services.config.wireCasing === 'legacy';
  return {
    targetPrefix: 'AWSServerMigrationService_V2016_10_24',
    signingName: 'sms',
    jsonVersion: '1.1',
    async call(name, body, caller = {}) {
      if (actions?.has(name)) return actions.call(name, body, caller);
      if (!isOperationName(name))
        throw unknownOperation(`SMS has no operation ${name.slice(0, 120)}; docs/operations.md lists those it has`);
      const { input, output } = OPERATION_SHAPES[name];
      const answer = await run(name, validate(legacy ? fromLegacy(body, input) : body, input), { services, caller });
      // Operations without output answer an empty body. Source: SMS API reference.
      if (Object.keys(output.members).length === 0) return undefined;
      return legacy ? toLegacy(toWire(answer, output), output) : toWire(answer, output);
    },
  };
}
