import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WireCall } from './iam/requests.ts';
import { motoEbs } from './moto-ebs.ts';

/** A call of an AWS API, as it is read off the wire. */
export interface AwsCall {
  /** Who signed it. */
  readonly accessKeyId: string;
  /** The name for which it was signed: `ec2`, `dynamodb`, `s3`… */
  readonly service: string;
  /** `RegisterImage`; for REST services the method and the path. */
  readonly operation: string;
  /** Calls of this service's operation before this one. */
  readonly before: number;
}

/**
 * What happens to a call instead of an answer: a throttle or an error of the service, a connection that is reset before anything is done or after all
 * is done, no answer at all, or IAM's refusal.
 */
export type Fault = 'throttle' | 'error' | 'reset' | 'lost' | 'hang' | 'denied';

export interface AwsProxy {
  readonly url: string;
  /** Every call that came, those that failed too. */
  readonly calls: AwsCall[];
  /** Decides what goes wrong; nothing does unless told. */
  faultOf: (call: AwsCall) => Fault | undefined;
  /** Whether the caller may make the call; every one may unless told. */
  mayPass: (accessKeyId: string, call: WireCall) => Promise<boolean>;
  /** Services that are elsewhere, by the names for which calls are signed. */
  readonly elsewhere: Map<string, string>;
  close(): Promise<void>;
}

/**
 * Stands between clients and an AWS endpoint, to count calls and to let them fail. Calls of DynamoDB pass one at a time: moto undoes a failed transaction
 * by putting the table's former state back, and with it undoes what others wrote in between.
 */
export async function awsProxy(target: string): Promise<AwsProxy> {
  const calls: AwsCall[] = [];
  const counts = new Map<string, number>();
  const forward = forwardTo(target);
  const ebs = motoEbs(forward);
  let lastOfDynamo: Promise<unknown> = Promise.resolve();

  const server = createServer(async (incoming, response) => {
    const body = await bodyOf(incoming);
    const { service, operation, accessKeyId } = nameOf(incoming, body);
    const key = `${service} ${operation}`;
    const call = { service, operation, accessKeyId, before: counts.get(key) ?? 0 };
    counts.set(key, call.before + 1);
    calls.push(call);
    const { method = 'GET', url = '/', headers } = incoming;
    const allowed = await proxy.mayPass(accessKeyId, { service, operation, method, url, headers, body });
    const fault = allowed ? proxy.faultOf(call) : 'denied';
    if (fault && fault !== 'lost') return fail(fault, service, response);
    const other = proxy.elsewhere.get(service);
    const send = other ? forwardTo(other) : service === 'ebs' ? ebs : forward;
    const pass = () => send({ method, url, headers, body });
    if (service === 'dynamodb') lastOfDynamo = lastOfDynamo.then(pass, pass);
    const answer = await (service === 'dynamodb' ? (lastOfDynamo as Promise<Answer>) : pass()).catch(() => undefined);
    if (!answer || fault === 'lost') return void response.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: AwsProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    faultOf: () => undefined,
    mayPass: async () => true,
    elsewhere: new Map(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function nameOf({ headers, method, url }: IncomingMessage, body: Buffer) {
  const [, accessKeyId = '', service = ''] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return { accessKeyId, service, operation: target.split('.').at(-1)! };
  const form = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  const action = form ? new URLSearchParams(body.toString()).get('Action') : null;
  return { accessKeyId, service, operation: action ?? `${method} ${new URL(url!, 'http://host').pathname}` };
}

/** How each service says that it is called too often, as status and body. Sources: the error tables of the services' API references. */
const THROTTLES: Readonly<Record<string, [number, string]>> = {
  ec2: [
    503,
    '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Rate</Message></Error></Errors></Response>',
  ],
  cloudformation: [
    400,
    '<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>',
  ],
  s3: [503, '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'],
  ebs: [400, '{"__type":"RequestThrottledException","Message":"rate","Reason":"ACCOUNT_THROTTLED"}'],
};
/** How each service says that IAM does not allow it. Sources: the same. */
const DENIALS: Readonly<Record<string, string>> = {
  ec2: '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not allowed</Message></Error></Errors></Response>',
  cloudformation:
    '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>',
  s3: '<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>',
};
const JSON_DENIAL = '{"__type":"AccessDeniedException","message":"not allowed"}';
const JSON_THROTTLE: [number, string] = [400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'];

function fail(fault: Exclude<Fault, 'lost'>, service: string, response: ServerResponse) {
  if (fault === 'hang') return;
  if (fault === 'reset') return void response.destroy();
  if (fault === 'denied')
    return void response
      .writeHead(DENIALS[service] ? 403 : 400, { 'x-amzn-errortype': 'AccessDeniedException' })
      .end(DENIALS[service] ?? JSON_DENIAL);
  const [status, body] = fault === 'throttle' ? (THROTTLES[service] ?? JSON_THROTTLE) : [500, ''];
  const errorType =
    fault === 'throttle' && service === 'ebs' ? { 'x-amzn-errortype': 'RequestThrottledException' } : {};
  response.writeHead(status, errorType).end(body);
}

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

export type Exchange = (request: Request) => Promise<Answer>;

/** Sends requests on, and waits for the whole answer. */
const forwardTo =
  (target: string): Exchange =>
  ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const outgoing = request(new URL(url, target), { method, headers }, async (answer) =>
        resolve({ status: answer.statusCode!, headers: answer.headers, body: await bodyOf(answer) }),
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
