import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { GetServersCommand, ListAppsCommand, SMSClient } from '@aws-sdk/client-sms';
import { afterEach, expect, test } from '@jest/globals';
import { MAX_BODY } from '../../lib/api/body.ts';
import { invalidParameter, temporarilyUnavailable } from '../../lib/api/errors.ts';
import type { Handle, HttpRequest } from '../../lib/api/http.ts';
import { type HttpServer, serve } from '../../lib/local/http-server.ts';
import { KEY, NOW, stubService } from './stub-service.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(handle: Handle): Promise<HttpServer> {
  const server = await serve(handle, { host: '127.0.0.1', port: 0 });
  open.push(server);
  return server;
}

const echo: Handle = async ({ method, path, query, headers, body }) => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ method, path, query, ours: headers['x-ours'], length: body.length }),
});

function client(url: string): SMSClient {
  const sms = new SMSClient({ endpoint: url, region: 'us-east-1', credentials: KEY, maxAttempts: 2 });
  open.push({ close: () => sms.destroy() });
  return sms;
}

test('serves the SDK’s client', async () => {
  const run = async () => ({
    serverCatalogStatus: 'AVAILABLE',
    lastModifiedOn: new Date(NOW),
    serverList: [{ serverId: 's-1' }],
  });
  const { url } = await start(stubService({ run, now: Date.now }).handle);
  expect(await client(url).send(new GetServersCommand({}))).toMatchObject({
    $metadata: { httpStatusCode: 200, requestId: 'request-1' },
    lastModifiedOn: new Date(NOW),
    serverList: [{ serverId: 's-1' }],
  });
});

test('gives the SDK’s client typed errors', async () => {
  const run = () => Promise.reject(invalidParameter('maxResults: 0'));
  const { url } = await start(stubService({ run, now: Date.now }).handle);
  await expect(client(url).send(new ListAppsCommand({}))).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'maxResults: 0',
    $fault: 'client',
  });
});

test('has a client try again what is temporary', async () => {
  let calls = 0;
  const run = async () => {
    if (++calls === 1) throw temporarilyUnavailable('others keep changing the same things');
    return { apps: [] };
  };
  const { url } = await start(stubService({ run, now: Date.now }).handle);
  expect(await client(url).send(new ListAppsCommand({}))).toMatchObject({ apps: [] });
  expect(calls).toBe(2);
});

test('sets right a client whose clock is wrong', async () => {
  // The service lives a year from now; its Date header tells the client, which then signs for that time.
  const { url } = await start(
    stubService({ run: async () => ({ apps: [] }), now: () => Date.now() + 365 * 86_400_000 }).handle,
  );
  const sms = client(url);
  await sms.send(new ListAppsCommand({})).catch((error) => expect(error.name).toBe('InvalidSignatureException'));
  expect(await sms.send(new ListAppsCommand({}))).toMatchObject({ apps: [] });
});

/** Sends a request as it stands, and answers what comes back until the connection ends. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

test.each([
  ['//', '//', {}],
  ['/a/../b%20c', '/a/../b%20c', {}],
  ['/?a=1&a=2&b=%2', '/', { a: '2', b: '%2' }],
  ['http://localhost:1/x?y=z', '/x', { y: 'z' }],
  ['/?x?y=1', '/', { 'x?y': '1' }],
])('reads the target %s as it was sent', async (target, path, query) => {
  const { url } = await start(echo);
  const answer = await raw(
    url,
    `GET ${target} HTTP/1.1\r\nHost: x\r\nX-Ours: a\r\nX-Ours: b\r\nConnection: close\r\n\r\n`,
  );
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({
    method: 'GET',
    path,
    query,
    ours: 'a, b',
    length: 0,
  });
});

test('answers 400 to what is no HTTP', async () => {
  const { url } = await start(echo);
  expect(await raw(url, 'not HTTP\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
});

test('answers an oversized body, and does not keep it', async () => {
  const lengths: number[] = [];
  const { handle } = stubService({ now: Date.now });
  const { url } = await start((request: HttpRequest) => {
    lengths.push(request.body.length);
    return handle(request);
  });
  const response = await fetch(url, { method: 'POST', body: Buffer.alloc(4 * MAX_BODY) });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ __type: 'RequestEntityTooLargeException' });
  expect(lengths[0]).toBeLessThan(MAX_BODY + 100_000);
});

test('keeps connections alive', async () => {
  const { url } = await start(echo);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const call = async () => {
    const request = httpRequest(url, { agent, method: 'POST' }).end();
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
    await new Promise((resolve) => setImmediate(resolve));
    return request.reusedSocket;
  };
  expect([await call(), await call()]).toEqual([false, true]);
  agent.destroy();
});

test('on closing, answers what is under way and takes nothing new', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const answerLate: Handle = async () => {
    arrive();
    await released;
    return { status: 200, headers: {}, body: 'done' };
  };
  const server = await serve(answerLate, { host: '127.0.0.1', port: 0 });
  const response = fetch(server.url, { method: 'POST' });
  await arrived;
  const closed = server.close();
  release();
  expect(await (await response).text()).toBe('done');
  expect((await response).headers.get('connection')).toBe('close');
  await closed;
  await expect(fetch(server.url)).rejects.toThrow();
});
