import type { Services } from '../../ports.ts';
import { retryingConflicts } from '../conflicts.ts';
import type { JsonApi } from '../dispatch.ts';
import { unknownOperation } from '../errors.ts';
import { validate } from '../validate.ts';
import { toWire } from '../wire.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { isOperationName, OPERATION_SHAPES, type OperationName } from './shapes.ts';
import { fromLegacy, toLegacy } from './wire-casing.ts';

/** What stands behind the wire. */
export interface Implementation {
  has(operation: OperationName): boolean;
  /** `input` fits the operation's shape. */
  run(operation: OperationName, input: unknown, services: Services): Promise<object>;
}

function ourOperations(): Implementation {
  const attempt = retryingConflicts();
  return {
    has: (operation) => Object.hasOwn(OPERATIONS, operation),
    run(name, input, services) {
      const operation = OPERATIONS[name as keyof typeof OPERATIONS] as Operation<unknown, object>;
      return attempt(name, () => operation(input, services));
    },
  };
}

/** SMS as an AWS JSON API. Source: the model's metadata (targetPrefix, jsonVersion). */
export function smsApi(services: Services, { has, run }: Implementation = ourOperations()): JsonApi {
  const legacy = services.config.wireCasing === 'legacy';
  return {
    targetPrefix: 'AWSServerMigrationService_V2016_10_24',
    signingName: 'sms',
    jsonVersion: '1.1',
    async call(name, body) {
      if (!isOperationName(name))
        throw unknownOperation(`SMS has no operation ${name.slice(0, 120)}; docs/operations.md lists those it has`);
      if (!has(name)) throw unknownOperation(`operation ${name} of SMS is not implemented in this version of Rehost`);
      const { input, output } = OPERATION_SHAPES[name];
      const answer = await run(name, validate(legacy ? fromLegacy(body, input) : body, input), services);
      // Operations without output answer an empty body. Source: SMS API reference.
      if (Object.keys(output.members).length === 0) return undefined;
      return legacy ? toLegacy(toWire(answer, output), output) : toWire(answer, output);
    },
  };
}
