import type { Shape, Structure } from '../../../lib/api/shape.ts';
import { OPERATION_SHAPES, type OperationName } from '../../../lib/api/sms/shapes.ts';
import type { Json } from '../../../lib/json.ts';

/** A request and an answer of an operation with every member filled in, as they stand on the wire. */
export interface Exchange {
  readonly operation: OperationName;
  readonly input: Json;
  readonly output: Json;
}

/** Values that the patterns of the model let through, by member. */
const MATCHING: Readonly<Record<string, string>> = {
  appId: 'app-0123456789abcdef0',
  validationId: 'val-0123456789abcdef0',
  instanceId: 'i-0123456789abcdef0',
};

function filled(shape: Shape, member = 'value'): Json {
  switch (shape.type) {
    case 'structure':
      return filledMembers(shape);
    case 'list':
      return [filled(shape.of, member)];
    case 'string':
      return shape.enum?.at(-1) ?? MATCHING[member] ?? `the-${member}`;
    case 'integer':
      return shape.min !== undefined && shape.min > 0 ? shape.min : 7;
    case 'boolean':
      return true;
    case 'timestamp':
      return 1_477_006_131;
  }
}

function filledMembers({ members }: Structure): Json {
  return Object.fromEntries(Object.entries(members).map(([name, shape]) => [name, filled(shape, name)]));
}

export const EXCHANGES: readonly Exchange[] = Object.entries(OPERATION_SHAPES).map(
  ([operation, { input, output }]) => ({
    operation: operation as OperationName,
    input: filled(input),
    output: filled(output),
  }),
);
