import fc from 'fast-check';
import type { HttpRequest } from '../../lib/api/http.ts';
import type { Shape, StringShape, Structure } from '../../lib/api/shape.ts';
import { OPERATION_SHAPES, type OperationName } from '../../lib/api/sms/shapes.ts';
import type { Json } from '../../lib/json.ts';
import { requestOf, signed } from './stub-service.ts';

type Object = Record<string, Json>;

/** Values that fit a shape. */
function fitting(shape: Shape): fc.Arbitrary<Json> {
  switch (shape.type) {
    case 'structure':
      return fittingStructure(shape);
    case 'list':
      return fc.array(fitting(shape.of), { maxLength: 2 });
    case 'string':
      if (shape.enum) return fc.constantFrom(...shape.enum);
      return shape.pattern ? fc.stringMatching(shape.pattern) : fc.string({ minLength: shape.min ?? 0, maxLength: 12 });
    case 'integer':
      return fc.integer({ min: shape.min ?? 0, max: shape.max ?? 100 });
    case 'boolean':
      return fc.boolean();
    case 'timestamp':
      return fc.integer({ min: 0, max: 4_000_000_000 });
  }
}

function fittingStructure({ members }: Structure): fc.Arbitrary<Object> {
  const shapes = Object.entries(members);
  const requiredKeys = shapes.filter(([, { required }]) => required).map(([name]) => name);
  return fc.record(Object.fromEntries(shapes.map(([name, member]) => [name, fitting(member)])), { requiredKeys });
}

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const notA = (fits: (value: Json) => boolean) => json.filter((value) => value !== null && !fits(value));

/** Values that do not fit a shape, wherever in it the fault is. */
function broken(shape: Shape): fc.Arbitrary<Json> {
  switch (shape.type) {
    case 'structure':
      return brokenStructure(shape);
    case 'list':
      return fc.oneof(
        notA(Array.isArray),
        broken(shape.of).map((item) => [item]),
      );
    case 'string':
      return fc.oneof(
        notA((value) => typeof value === 'string'),
        brokenText(shape),
      );
    case 'integer':
      return fc.oneof(
        notA((value) => typeof value === 'number'),
        fc.constantFrom<Json>(1.5, 2 ** 40, -(2 ** 40)),
      );
    case 'boolean':
      return notA((value) => typeof value === 'boolean');
    case 'timestamp':
      return fc.oneof(
        notA((value) => typeof value === 'number'),
        fc.constantFrom<Json>(-1, 1e300),
      );
  }
}

function brokenText({ enum: values, pattern, min = 0, max }: StringShape): fc.Arbitrary<Json> {
  const texts = [
    ...(values ? [fc.string().map((text) => `!${text}`)] : []),
    // No pattern of the model lets a space through.
    ...(pattern ? [fc.string().map((text) => `${text} !`)] : []),
    ...(min > 0 ? [fc.constant('')] : []),
    ...(max === undefined ? [] : [fc.constant('x'.repeat(max + 1))]),
  ];
  return fc.oneof(...texts);
}

const STRANGE_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''];

function brokenStructure(shape: Structure): fc.Arbitrary<Json> {
  const { members } = shape;
  const unknown = fc
    .oneof(fc.string(), fc.constantFrom(...STRANGE_NAMES))
    .filter((name) => !Object.hasOwn(members, name));
  const withUnknown = fc
    .tuple(fittingStructure(shape), unknown, json)
    .map(([value, name, member]) => Object.fromEntries([...Object.entries(value), [name, member]]));
  const withBroken = Object.entries(members).map(([name, member]) =>
    fc.tuple(fittingStructure(shape), broken(member)).map(([value, wrong]) => ({ ...value, [name]: wrong })),
  );
  const withoutRequired = Object.keys(members)
    .filter((name) => members[name]?.required)
    .map((name) => fittingStructure(shape).map(({ [name]: _, ...rest }) => rest));
  const noObject = notA((value) => typeof value === 'object' && !Array.isArray(value));
  return fc.oneof(noObject, withUnknown, ...withBroken, ...withoutRequired);
}

const operation = fc.constantFrom(...(Object.keys(OPERATION_SHAPES) as OperationName[]));
/** Arbitraries of each operation are made once: making them costs far more than drawing from them. */
const perOperation = <T>(make: (input: Structure) => fc.Arbitrary<T>) => {
  const made = Object.entries(OPERATION_SHAPES).map(([name, { input }]) => [name, make(input)] as const);
  const byName = Object.fromEntries(made) as Record<OperationName, fc.Arbitrary<T>>;
  return operation.chain((name) => byName[name].map((input) => requestOf(name, JSON.stringify(input))));
};
const fittingCall = perOperation(fitting);

/** Bodies that are read, but do not fit their operation. */
const wrongInput = perOperation(broken);

/** Bodies that cannot be read. */
const wrongBody = fc
  .tuple(operation, fc.nat(), fc.uint8Array({ minLength: 1 }), fittingCall)
  .chain(([name, cut, bytes, fits]) =>
    fc.constantFrom(
      requestOf(name, fits.body.subarray(0, 1 + (cut % Math.max(1, fits.body.length - 1)))),
      requestOf(name, Buffer.from([0xff, ...bytes])),
      requestOf(name, '['.repeat(cut % 100_000) || '['),
      requestOf(name, `{"a":${'['.repeat(65)}${']'.repeat(65)}}`),
      requestOf(name, Buffer.from(bytes), { 'content-encoding': 'gzip' }),
      requestOf(name, fits.body, { 'content-encoding': `x${cut}` }),
    ),
  );

/** Requests that lead nowhere. */
const wrongTarget = fc
  .tuple(fittingCall, fc.string(), fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS'))
  .chain(([call, text, method]) =>
    fc.constantFrom<HttpRequest>(
      { ...call, headers: { ...call.headers, 'x-amz-target': text } },
      { ...call, headers: { ...call.headers, 'x-amz-target': `${call.headers['x-amz-target']}${text || 'x'}` } },
      { ...call, method, path: `/${text}` },
    ),
  );

const cutAt = (text: string, at: number) => text.slice(0, at % Math.max(1, text.length - 1));

/** Requests whose signature is absent, damaged, or not of this request. To be called for each: signing takes a promise. */
export const wrongSignature = fc
  .tuple(fittingCall, fc.nat(), fc.string({ minLength: 1 }), fc.nat(8))
  .map(([call, at, text, way]) => async (): Promise<HttpRequest> => {
    const good = await signed(call, way < 4 ? {} : { expiresIn: 60 });
    const { headers, query } = good;
    const { authorization = '', 'x-amz-date': _, ...undated } = headers;
    const signature = query['X-Amz-Signature'] ?? '';
    const ways: HttpRequest[] = [
      { ...good, headers: { ...headers, authorization: cutAt(authorization, at) } },
      { ...good, headers: { ...undated, authorization } },
      { ...good, headers: { ...headers, 'x-amz-date': text } },
      { ...good, headers: { ...headers, host: text } },
      { ...good, query: { ...query, 'X-Amz-Signature': cutAt(signature, at) } },
      { ...good, query: { ...query, 'X-Amz-Expires': text === '60' ? '61' : text } },
      { ...good, query: { ...query, 'X-Amz-Credential': text } },
      { ...good, query: { ...query, [`more${text}`]: text } },
      call,
    ];
    return ways[way] ?? call;
  });

/** Requests that no service may accept, unsigned. */
export const malformed = fc.oneof(
  { weight: 6, arbitrary: wrongInput },
  { weight: 2, arbitrary: wrongBody },
  wrongTarget,
);
