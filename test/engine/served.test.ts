import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { Json } from '../../lib/json.ts';
import { rehost } from '../support/process.ts';
import { until } from '../support/start.ts';
import { lambda, ROLE } from './support/bed.ts';
import { type EngineProcess, engineProcess } from './support/engine-process.ts';

interface Asked {
  readonly path: string;
  readonly traceHeader: unknown;
  readonly target: string | undefined;
  readonly body: Json;
}
interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: object;
}

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A server that answers like another service of AWS. */
async function service(answer: (asked: Asked) => Answer): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server: Server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const one = {
      path: decodeURIComponent(incoming.url!),
      traceHeader: incoming.headers['x-amzn-trace-id'],
      target: incoming.headers['x-amz-target'] as string | undefined,
      body: JSON.parse(Buffer.concat(chunks).toString()) as Json,
    };
    asked.push(one);
    const { status = 200, headers = {}, body } = answer(one);
    outgoing.writeHead(status, headers).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => server.closeAllConnections() ?? server.close() });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function engine(env: NodeJS.ProcessEnv = {}, folder?: string): Promise<EngineProcess> {
  const started = await engineProcess(env, folder);
  open.push({ close: () => started.end() });
  return started;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, looked into by the tests
async function call({ url }: EngineProcess, operation: string, input: object): Promise<any> {
  const headers = { 'x-amz-target': `AWSStepFunctions.${operation}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) });
  return response.json();
}

async function begun(on: EngineProcess, state: object, input: Json = {}): Promise<string> {
  const definition = JSON.stringify({ StartAt: 'S', States: { S: { ...state, End: true } } });
  const { stateMachineArn } = await call(on, 'CreateStateMachine', { name: 'm', definition, roleArn: ROLE });
  return (await call(on, 'StartExecution', { stateMachineArn, input: JSON.stringify(input) })).executionArn;
}

const ended = (on: EngineProcess, executionArn: string) =>
  until(
    () => call(on, 'DescribeExecution', { executionArn }),
    ({ status }) => status !== 'RUNNING',
  );

const putEvents = { Type: 'Task', Resource: 'arn:aws:states:::events:putEvents', Parameters: { 'Entries.$': '$' } };
const entry = { Source: 'shop', DetailType: 'sold', Detail: { count: 1 } };

test('functions are invoked at AWS_ENDPOINT_URL_LAMBDA, and their errors have the names that definitions retry', async () => {
  const { url, asked } = await service(({ path }) =>
    path.includes('busy')
      ? { status: 429, headers: { 'x-amzn-errortype': 'TooManyRequestsException' }, body: { Message: 'slower' } }
      : { body: { well: true } },
  );
  const on = await engine({ AWS_ENDPOINT_URL_LAMBDA: url });
  const invoke = (name: string) => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: lambda(name), 'Payload.$': '$' },
    OutputPath: '$.Payload',
  });
  expect(await ended(on, await begun(on, invoke('work'), { a: 1 }))).toMatchObject({ output: '{"well":true}' });
  expect(asked).toMatchObject([{ path: `/2015-03-31/functions/${lambda('work')}/invocations`, body: { a: 1 } }]);
  await call(on, 'DeleteStateMachine', { stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:m' });
  expect(await ended(on, await begun(on, invoke('busy')))).toMatchObject({
    status: 'FAILED',
    error: 'Lambda.TooManyRequestsException',
    cause: expect.stringContaining('slower'),
  });
});

test('events go to AWS_ENDPOINT_URL_EVENTBRIDGE, and what it refuses fails the task by name', async () => {
  const { url, asked } = await service(({ body }) =>
    (body as { Entries: unknown[] }).Entries.length > 1
      ? { status: 400, body: { __type: 'ValidationException', message: 'too many' } }
      : { body: { Entries: [{ EventId: 'e' }], FailedEntryCount: 0 } },
  );
  const on = await engine({ AWS_ENDPOINT_URL_EVENTBRIDGE: url });
  expect(await ended(on, await begun(on, putEvents, [entry]))).toMatchObject({ status: 'SUCCEEDED' });
  expect(asked).toMatchObject([
    { target: 'AWSEvents.PutEvents', body: { Entries: [{ ...entry, Detail: '{"count":1}' }] } },
  ]);
  expect(await ended(on, await begun(on, putEvents, [entry, entry]))).toMatchObject({
    status: 'FAILED',
    error: 'EventBridge.ValidationException',
    cause: expect.stringContaining('too many'),
  });
});

test('events are kept in a file where there is no bus, but for those that EventBridge would refuse', async () => {
  const on = await engine();
  const failed = await ended(on, await begun(on, putEvents, [entry, { ...entry, Source: '' }]));
  expect(failed).toMatchObject({ status: 'FAILED', error: 'EventBridge.FailedEntry' });
  const lines = readFileSync(join(on.folder, 'events.jsonl'), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as Json)).toMatchObject([{ ...entry, Detail: '{"count":1}' }]);
});

test('what was parked when the process was killed goes on in the next, and only one process works in a folder', async () => {
  const first = await engine();
  const executionArn = await begun(first, { Type: 'Wait', Seconds: 1 }, { a: 1 });
  const { status, stderr } = await rehost(['engine', '--data', first.folder, '--auth', 'none', '--port', '0']);
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('another rehost works in') });
  await first.kill();
  const second = await engine({}, first.folder);
  expect(await ended(second, executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '{"a":1}' });
});

test('a worker that goes away while it waits is not given the next task', async () => {
  const on = await engine();
  const { activityArn } = await call(on, 'CreateActivity', { name: 'a' });
  const away = new AbortController();
  const headers = { 'x-amz-target': 'AWSStepFunctions.GetActivityTask' };
  const asking = fetch(on.url, { method: 'POST', headers, body: JSON.stringify({ activityArn }), signal: away.signal });
  // The engine has the first question before it has the answer to this one.
  await call(on, 'ListActivities', {});
  away.abort();
  await expect(asking).rejects.toThrow();
  await call(on, 'ListActivities', {});
  await begun(on, { Type: 'Task', Resource: activityArn }, { a: 1 });
  expect(await call(on, 'GetActivityTask', { activityArn })).toMatchObject({ input: '{"a":1}' });
});

test.each([
  [['--synchronous', 'OFF'], 'FULL survives a loss of power'],
  [['--retention-days', 'no'], 'give the days'],
  [['--port', 'high'], 'give a port'],
  [['--account', '1'], 'twelve digits'],
])('fails to start with %j', async (options, problem) => {
  const { status, stderr } = await rehost(['engine', '--data', '/nowhere', '--auth', 'none', ...options]);
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(problem) });
});

test('a page of the web does not reach it by a name of its own', async () => {
  const { url } = await engine();
  const status = await new Promise((resolve) =>
    request(url, {
      method: 'POST',
      headers: { host: 'evil.example', 'x-amz-target': 'AWSStepFunctions.ListActivities' },
    })
      .once('response', (response) => resolve(response.resume().statusCode))
      .end('{}'),
  );
  expect(status).toBeGreaterThanOrEqual(400);
});

test('an execution is in the trace of its caller, and what it calls and starts is, too', async () => {
  const functions = await service(() => ({ body: {} }));
  const on = await engine({ AWS_ENDPOINT_URL_LAMBDA: functions.url });
  const machine = async (name: string, state: object) => {
    const definition = JSON.stringify({ StartAt: 'S', States: { S: { Type: 'Task', ...state, End: true } } });
    return (await call(on, 'CreateStateMachine', { name, definition, roleArn: ROLE })).stateMachineArn as string;
  };
  const nested = await machine('nested', { Resource: lambda('f') });
  const stateMachineArn = await machine('outer', {
    Resource: 'arn:aws:states:::states:startExecution.sync:2',
    Parameters: { StateMachineArn: nested, Name: 'inner' },
  });
  const root = 'Root=1-5759e988-bd862e3fe1be46a994272793';
  const { executionArn } = (await (
    await fetch(on.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSStepFunctions.StartExecution', 'x-amzn-trace-id': root },
      body: JSON.stringify({ stateMachineArn, traceHeader: 'Root=1-00000000-000000000000000000000000' }),
    })
  ).json()) as { executionArn: string };
  // The header counts, not the body.
  expect(await ended(on, executionArn)).toMatchObject({ status: 'SUCCEEDED', traceHeader: root });
  expect(functions.asked.map(({ traceHeader }) => traceHeader)).toEqual([root]);
});
