import type { Services } from '../../ports.ts';
import type { JsonApi } from '../dispatch.ts';
import { unknownOperation } from '../errors.ts';
import { validate } from '../validate.ts';
import { OPERATIONS, runOperation } from './operations.ts';
import { INPUTS, NOT_SERVED_YET } from './shapes.ts';

/** SMS as an AWS JSON API. Source: the model's metadata (targetPrefix, jsonVersion). */
export function smsApi(services: Services): JsonApi {
  return {
    targetPrefix: 'AWSServerMigrationService_V2016_10_24',
    signingName: 'sms',
    jsonVersion: '1.1',
    async call(operation, input) {
      if (!isServed(operation)) throw unknownOperation(unknownMessage(operation));
      const request = validate(input, INPUTS[operation]);
      return onTheWire(await runOperation(operation, request, services));
    },
  };
}

const isServed = (operation: string): operation is keyof typeof OPERATIONS => Object.hasOwn(OPERATIONS, operation);

const unknownMessage = (operation: string) =>
  (NOT_SERVED_YET as readonly string[]).includes(operation)
    ? `operation ${operation} of SMS is not implemented in this version of Rehost; docs/operations.md lists those that are`
    : `SMS has no operation ${operation}`;

/** Times as seconds since the epoch; members without a value left out. */
function onTheWire(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1_000;
  if (Array.isArray(value)) return value.map(onTheWire);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, onTheWire(member)]),
  );
}
