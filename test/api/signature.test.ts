import { expect, test } from '@jest/globals';
import type { HttpRequest } from '../../lib/api/http.ts';
import { ask, KEY, NOW, requestOf, signed, stubService } from './stub-service.ts';

const MINUTE = 60_000;
const request = requestOf('GetServers');
const answerTo = async (wrong: HttpRequest | Promise<HttpRequest>) => {
  const { handle, calls } = stubService();
  const answer = await ask(handle, await wrong);
  return { ...answer, reached: calls.length };
};
const changed = async (headers: Record<string, string | undefined>) => {
  const good = await signed(request);
  const kept = Object.entries({ ...good.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...good, headers: Object.fromEntries(kept) as Record<string, string> };
};

test('lets a signed request through', async () => {
  expect(await answerTo(signed(request))).toMatchObject({ status: 200, reached: 1 });
});

test.each([0, -4.9, 4.9])('allows clocks that differ by %d minutes', async (minutes) => {
  expect((await answerTo(signed(request, { at: NOW + minutes * MINUTE }))).status).toBe(200);
});

test('lets a presigned request through until it expires', async () => {
  const presigned = signed(request, { at: NOW - 50 * MINUTE, expiresIn: 3_600 });
  expect((await answerTo(presigned)).status).toBe(200);
});

test('takes the operation from the query where presigning moved it there', async () => {
  const presigned = await signed(request, { expiresIn: 60 });
  expect(presigned.query['x-amz-target'] ?? presigned.query['X-Amz-Target']).toBeDefined();
  expect(presigned.headers['x-amz-target']).toBeUndefined();
  expect(await answerTo(presigned)).toMatchObject({ status: 200, reached: 1 });
});

const authorization = (change: (text: string) => string) => async () => {
  const { headers } = await signed(request);
  return changed({ authorization: change(headers.authorization ?? '') });
};

test.each<[string, () => Promise<HttpRequest> | HttpRequest, string, RegExp]>([
  ['no signature', () => request, 'MissingAuthenticationTokenException', /not signed; configure credentials/],
  [
    'another scheme',
    () => changed({ authorization: 'Bearer abc' }),
    'IncompleteSignatureException',
    /does not begin with AWS4-HMAC-SHA256/,
  ],
  ['no date', () => changed({ 'x-amz-date': undefined }), 'IncompleteSignatureException', /X-Amz-Date/],
  [
    'a date of another form',
    () => changed({ 'x-amz-date': '2026-01-31' }),
    'IncompleteSignatureException',
    /of the form/,
  ],
  [
    'a date that there is not',
    () => changed({ 'x-amz-date': '20260231T120000Z' }),
    'IncompleteSignatureException',
    /of the form/,
  ],
  [
    'a day that is not the date’s',
    () => changed({ 'x-amz-date': '20260130T120000Z' }),
    'IncompleteSignatureException',
    /Credential is of day 20260131/,
  ],
  [
    'a scope of another form',
    authorization((text) => text.replace('/aws4_request', '')),
    'IncompleteSignatureException',
    /Credential is not of the form/,
  ],
  [
    'no signed headers',
    authorization((text) => text.replace(/SignedHeaders=[^,]*, /, '')),
    'IncompleteSignatureException',
    /no SignedHeaders/,
  ],
  [
    'a signature that is none',
    authorization((text) => text.replace(/Signature=.*/, 'Signature=ÄÖÜ')),
    'IncompleteSignatureException',
    /64 hexadecimal/,
  ],
  [
    'an operation that is not signed',
    authorization((text) => text.replace(';x-amz-target', '')),
    'IncompleteSignatureException',
    /x-amz-target is not among the SignedHeaders/,
  ],
  [
    'another service',
    () => signed(request, { service: 'states' }),
    'InvalidSignatureException',
    /signed for service states, but goes to sms/,
  ],
  [
    'a key that is not known',
    () => signed(request, { credentials: { ...KEY, accessKeyId: 'AKIAOTHER' } }),
    'UnrecognizedClientException',
    /access key AKIAOTHER is not known here; export/,
  ],
  [
    'the wrong secret',
    () => signed(request, { credentials: { ...KEY, secretAccessKey: 'other' } }),
    'InvalidSignatureException',
    /check the secret access key/,
  ],
  [
    'a changed operation',
    () => changed({ 'x-amz-target': `${request.headers['x-amz-target']}x` }),
    'InvalidSignatureException',
    /does not match/,
  ],
  [
    'a changed body',
    async () => ({ ...(await signed(request)), body: Buffer.from('{"maxResults":1}') }),
    'InvalidSignatureException',
    /not the SHA-256 of the body/,
  ],
  [
    'a body that is not signed',
    () => signed(requestOf('GetServers', {}, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })),
    'InvalidSignatureException',
    /wants the body signed/,
  ],
  [
    'a slow clock',
    () => signed(request, { at: NOW - 6 * MINUTE }),
    'InvalidSignatureException',
    /expired: signed at 2026-01-31T11:54:00.000Z, it is 2026-01-31T12:00:00.000Z here, 6 minutes apart; set/,
  ],
  [
    'a fast clock',
    () => signed(request, { at: NOW + 7 * MINUTE }),
    'InvalidSignatureException',
    /not yet current: .* 7 minutes apart; set/,
  ],
  [
    'a presigned request that expired',
    () => signed(request, { at: NOW - 61 * MINUTE, expiresIn: 3_600 }),
    'RequestExpired',
    /has expired: .* good for 3600 s; presign anew/,
  ],
  [
    'a presigned request for more than a week',
    async () => {
      const good = await signed(request, { expiresIn: 3_600 });
      return { ...good, query: { ...good.query, 'X-Amz-Expires': '604801' } };
    },
    'IncompleteSignatureException',
    /1 to 604800 seconds \(7 days\)/,
  ],
  [
    'a changed query',
    async () => {
      const good = await signed(request, { expiresIn: 3_600 });
      return { ...good, query: { ...good.query, after: '5' } };
    },
    'InvalidSignatureException',
    /does not match/,
  ],
])('refuses %s', async (_, make, type, message) => {
  const answer = await answerTo(await make());
  expect(answer).toMatchObject({ status: 400, __type: type, message: expect.stringMatching(message), reached: 0 });
  expect(answer.headers).toMatchObject({ 'x-amzn-ErrorType': type, 'x-amzn-RequestId': 'request-1' });
});

test('an unsigned body is let through where the API allows it', async () => {
  const api = { targetPrefix: 'T', signingName: 'ebs', jsonVersion: '1.1', call: async () => ({}) } as const;
  const unsigned = requestOf('X', {}, { 'x-amz-target': 'T.X', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' });
  const ebs = await signed(unsigned, { service: 'ebs' });
  const { handle } = stubService({ dispatch: { apis: [{ ...api, unsignedPayload: true }] } });
  expect((await handle(ebs)).status).toBe(200);
});

test('a failing store of keys is the service’s fault, not the caller’s', async () => {
  const keyOf = () => Promise.reject(new Error('disk full'));
  const { handle, logged } = stubService({ dispatch: { verifier: { keyOf, now: () => NOW } } });
  expect(await ask(handle, await signed(request))).toMatchObject({ status: 500, __type: 'InternalError' });
  expect(logged[0]).toMatchObject({ requestId: 'request-1', error: expect.stringContaining('disk full') });
});
