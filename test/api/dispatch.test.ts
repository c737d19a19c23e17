import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { MAX_BODY } from '../../lib/api/body.ts';
import { replicationJobNotFound } from '../../lib/api/errors.ts';
import type { HttpRequest } from '../../lib/api/http.ts';
import { throttle } from '../../lib/api/throttle.ts';
import { ask, KEY, NOW, requestOf, signed, stubService, TARGET } from './stub-service.ts';

const answers = async (request: HttpRequest, stub = stubService()) => ask(stub.handle, await signed(request));

test('answers the output with the request’s id, as AWS JSON 1.1', async () => {
  const stub = stubService({ run: async () => ({ replicationRunId: 'sms-run-1' }) });
  const request = requestOf('StartOnDemandReplicationRun', { replicationJobId: 'sms-job-1' });
  expect(await answers(request, stub)).toEqual({
    status: 200,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-RequestId': 'request-1',
      date: 'Sat, 31 Jan 2026 12:00:00 GMT',
    },
    replicationRunId: 'sms-run-1',
  });
  expect(stub.calls).toEqual([{ operation: 'StartOnDemandReplicationRun', input: { replicationJobId: 'sms-job-1' } }]);
});

test('answers an empty body where the operation has no output', async () => {
  const { handle } = stubService();
  expect(await handle(await signed(requestOf('ImportServerCatalog')))).toMatchObject({ status: 200, body: '' });
});

test('reads no body as an empty object', async () => {
  expect((await answers(requestOf('GetConnectors', Buffer.alloc(0)))).status).toBe(200);
});

test('answers what operations throw for the caller', async () => {
  const run = () => Promise.reject(replicationJobNotFound('sms-job-9'));
  const answer = await answers(requestOf('LaunchApp', { appId: 'app-1' }), stubService({ run }));
  expect(answer).toMatchObject({
    status: 400,
    headers: { 'x-amzn-ErrorType': 'ReplicationJobNotFoundException' },
    __type: 'ReplicationJobNotFoundException',
    message: 'no replication job sms-job-9; GetReplicationJobs lists those there are',
  });
});

test('answers errors of other APIs by their members, whatever their class', async () => {
  const run = () => Promise.reject(Object.assign(new Error('gone'), { type: 'ExecutionDoesNotExist', status: 400 }));
  expect(await answers(requestOf('GetConnectors'), stubService({ run }))).toMatchObject({
    status: 400,
    __type: 'ExecutionDoesNotExist',
    message: 'gone',
  });
});

test('logs what it did not expect whole, with its causes, and tells the caller only the request’s id', async () => {
  const run = () => Promise.reject(new Error('secret detail', { cause: new Error('disk full') }));
  const stub = stubService({ run });
  expect(await answers(requestOf('GetConnectors'), stub)).toMatchObject({
    status: 500,
    __type: 'InternalError',
    message: 'the service failed; try again, and report request request-1 if it goes on',
  });
  expect(stub.logged).toEqual([
    expect.objectContaining({
      level: 'error',
      requestId: 'request-1',
      target: `${TARGET}.GetConnectors`,
      error: expect.stringMatching(/secret detail[\s\S]*caused by Error: disk full/),
    }),
  ]);
});

const deep = '['.repeat(65) + ']'.repeat(65);

test.each<[string, HttpRequest, number, string, RegExp]>([
  [
    'an operation that SMS has not',
    requestOf('GetServer'),
    400,
    'UnknownOperationException',
    /SMS has no operation GetServer;/,
  ],
  [
    '`constructor` as an operation',
    requestOf('constructor'),
    400,
    'UnknownOperationException',
    /no operation constructor/,
  ],
  [
    'another service’s target',
    requestOf('x', {}, { 'x-amz-target': 'DynamoDB_20120810.ListTables' }),
    400,
    'UnknownOperationException',
    /DynamoDB_20120810.ListTables names nothing .* send POST with X-Amz-Target AWSServerMigrationService_V2016_10_24/,
  ],
  ['a target without operation', requestOf('', {}), 400, 'UnknownOperationException', /names nothing/],
  [
    'no target',
    requestOf('x', {}, { 'x-amz-target': '' }),
    400,
    'UnknownOperationException',
    /X-Amz-Target is missing/,
  ],
  ['another method', { ...requestOf('GetServers'), method: 'PUT' }, 400, 'UnknownOperationException', /send POST/],
  ['a page that is not there', { ...requestOf('GetServers'), method: 'GET' }, 404, 'NotFoundException', /no page \//],
  ['broken JSON', requestOf('GetApp', '{"appId": '), 400, 'SerializationException', /the body is not JSON: .*JSON/],
  [
    'bytes that are no text',
    requestOf('GetApp', Buffer.from([0xff, 0xfe])),
    400,
    'SerializationException',
    /not UTF-8/,
  ],
  [
    'nesting without end',
    requestOf('GetApp', `{"appId":${deep}}`),
    400,
    'SerializationException',
    /deeper than 64 levels/,
  ],
  [
    'a list as body',
    requestOf('GetApp', '[]'),
    400,
    'InvalidParameterException',
    /the request: a list is not an object/,
  ],
  ['null as body', requestOf('GetApp', 'null'), 400, 'InvalidParameterException', /the request: null is not an object/],
  ['a missing member', requestOf('GetApp'), 400, 'MissingRequiredParameterException', /^appId is required/],
  ['a wrong type', requestOf('GetApp', { appId: 5 }), 400, 'InvalidParameterException', /^appId: 5 is not text/],
  [
    'a member that is not there',
    requestOf('GetApp', { appId: 'app-1', AppId: 'app-1' }),
    400,
    'InvalidParameterException',
    /^AppId: no such member; give any of appId/,
  ],
  [
    '`__proto__` as a member',
    requestOf('GetApp', '{"appId":"app-1","__proto__":{"x":1}}'),
    400,
    'InvalidParameterException',
    /^__proto__: no such member/,
  ],
  [
    'a body that is too large',
    requestOf('GetApp', Buffer.alloc(MAX_BODY + 1, 32)),
    413,
    'RequestEntityTooLargeException',
    /more than 1048576 bytes; send less/,
  ],
  [
    'a body that is too large once unpacked',
    requestOf('GetApp', gzipSync(Buffer.alloc(MAX_BODY + 1, 32)), { 'content-encoding': 'gzip' }),
    413,
    'RequestEntityTooLargeException',
    /once it is unpacked/,
  ],
  [
    'gzip that is none',
    requestOf('GetApp', {}, { 'content-encoding': 'gzip' }),
    400,
    'SerializationException',
    /the body is not gzip/,
  ],
  [
    'an encoding that is not read',
    requestOf('GetApp', {}, { 'content-encoding': 'br' }),
    400,
    'SerializationException',
    /content-encoding br is not read here; send the body plain or as gzip/,
  ],
])('refuses %s', async (_, request, status, type, message) => {
  const stub = stubService();
  const answer = await answers(request, stub);
  expect(answer).toMatchObject({ status, __type: type, message: expect.stringMatching(message) });
  expect(answer.headers).toMatchObject({ 'x-amzn-ErrorType': type, 'x-amzn-RequestId': 'request-1' });
  expect(stub.calls).toEqual([]);
});

test('says which operations this version does not have', async () => {
  const { handle } = stubService({ dispatch: { apis: [] } });
  expect(await ask(handle, requestOf('GetServers'))).toMatchObject({
    status: 400,
    __type: 'UnknownOperationException',
  });
});

test('reads a body that is packed', async () => {
  const stub = stubService();
  const body = gzipSync(JSON.stringify({ appId: 'app-1' }));
  expect((await answers(requestOf('LaunchApp', body, { 'content-encoding': 'gzip' }), stub)).status).toBe(200);
  expect(stub.calls[0]?.input).toEqual({ appId: 'app-1' });
});

test.each([
  ['gzip', 'gzip'],
  ['br;q=1.0, gzip;q=0.5', 'gzip'],
  ['*', 'gzip'],
  ['gzip;q=0', undefined],
  ['identity', undefined],
  ['', undefined],
])('packs a large answer for a caller that accepts %j', async (accept, encoding) => {
  const serverList = Array.from({ length: 200 }, (_, n) => ({ serverId: `s-${n}`, serverType: 'VIRTUAL_MACHINE' }));
  const stub = stubService({ run: async () => ({ serverList, lastModifiedOn: new Date(NOW) }) });
  const response = await stub.handle(await signed(requestOf('GetServers', {}, { 'accept-encoding': accept })));
  expect(response.headers['content-encoding']).toBe(encoding);
  const plain = encoding ? gunzipSync(response.body as Buffer).toString() : response.body;
  expect(JSON.parse(String(plain))).toEqual({ serverList, lastModifiedOn: NOW / 1_000 });
});

test('slows a key that asks too often, and says for how long', async () => {
  let now = NOW;
  const limit = throttle({ rate: 2, burst: 3 }, () => now);
  const stub = stubService({ dispatch: { throttle: limit } });
  const call = () => answers(requestOf('GetConnectors'), stub);
  for (const _ of [1, 2, 3]) expect((await call()).status).toBe(200);
  expect(await call()).toMatchObject({
    status: 400,
    headers: { 'retry-after': '1' },
    __type: 'ThrottlingException',
    message: `access key ${KEY.accessKeyId} makes more than 2 requests a second; try again in 1 s`,
  });
  now += 500;
  expect((await call()).status).toBe(200);
  expect((await call()).status).toBe(400);
});

const withoutSignatures = () => stubService({ auth: 'none' });

test.each(['localhost:4599', '127.0.0.1', '[::1]:4599', 'sms.localhost'])(
  'without signatures, answers callers of %s',
  async (host) => {
    expect((await ask(withoutSignatures().handle, requestOf('GetServers', {}, { host }))).status).toBe(200);
  },
);

test.each(['rebound.example:4599', '127.0.0.1.example', ''])(
  'without signatures, refuses callers of %j',
  async (host) => {
    const answer = await ask(withoutSignatures().handle, requestOf('GetServers', {}, { host }));
    expect(answer).toMatchObject({ status: 400, __type: 'AccessDeniedException' });
  },
);

test('serves pages to those who sign for them', async () => {
  const page = {
    path: '/events',
    signingName: 'rehost',
    get: async ({ after }: Record<string, string>) => ({ contentType: 'text/plain', body: `after ${after}` }),
  };
  const { handle } = stubService({ dispatch: { routes: [page] } });
  const request = { ...requestOf(''), method: 'GET', path: '/events', query: { after: '5' }, body: Buffer.alloc(0) };
  const { 'x-amz-target': _, ...headers } = request.headers;
  const answer = await handle(await signed({ ...request, headers }, { service: 'rehost' }));
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'after 5' });
  expect((await handle(await signed({ ...request, headers }))).status).toBe(400);
});
