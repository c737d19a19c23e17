import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import { connectorActions } from '../../lib/api/connectors/actions.ts';
import { adminApi } from '../../lib/api/connectors/admin-api.ts';
import { storedKeys } from '../../lib/api/connectors/permissions.ts';
import { createDispatcher } from '../../lib/api/dispatch.ts';
import type { HttpRequest, HttpResponse } from '../../lib/api/http.ts';
import { smsApi } from '../../lib/api/sms/api.ts';
import { throttle } from '../../lib/api/throttle.ts';
import { takingNotifications } from '../../lib/api/validation-notifications.ts';
import { clientKey } from '../../lib/aws/client-key.ts';
import {
  blockAccess,
  objects,
  ownEndpoint,
  snapshots,
  stacks,
  tokenSecret,
  workflows,
} from '../../lib/aws/function-ports.ts';
import { type Ids, idsOf } from '../../lib/aws/ids.ts';
import type { DirectCall } from '../../lib/aws/lambda-request-handler.ts';
import { POLLING_BELL } from '../../lib/aws/polling-bell.ts';
import { awsServices, readEnvironment } from '../../lib/aws/services.ts';
import { traceOf } from '../../lib/aws/trace.ts';
import { logsFailure } from './logs-failure.ts';
import { prepared } from './prepared.ts';

/** What a function URL sends. Source: Lambda developer guide, function URLs, payload format 2.0. */
interface UrlCall {
  readonly rawPath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: { readonly http: { readonly method: string } };
}

/** The whole API as one function: behind its URL callers sign, by direct invocation IAM has decided. */
export function api() {
  const dispatchers = prepared(prepare);
  return middy<UrlCall | DirectCall, object>()
    .onError(logsFailure('the API failed'))
    .handler(async (call) => {
      const begin = Date.now();
      const { byUrl, direct } = await dispatchers();
      const viaUrl = 'requestContext' in call;
      const request = viaUrl ? urlRequest(call) : directRequest(call);
      const answer = await (viaUrl ? byUrl : direct)(request);
      console.info({
        message: 'call',
        ...aboutCall(request),
        ...traceOf(),
        status: answer.status,
        ms: Date.now() - begin,
      });
      return viaUrl ? urlAnswer(answer) : answer;
    });
}

/** Who called what, about what. Paths are not logged: those at which servers report are secret. */
function aboutCall({ headers, body }: HttpRequest) {
  const { 'x-amz-target': target = '', authorization = '' } = headers;
  const [, accessKeyId] = /Credential=([\w-]{1,128})\//.exec(authorization) ?? [];
  return { operation: target.split('.').at(-1), ...(accessKeyId ? { accessKeyId } : {}), ...idsIn(body.toString()) };
}

/** The ids that a request names, if they look like such: whoever is refused may have sent anything. */
function idsIn(body: string): Ids {
  try {
    return Object.fromEntries(Object.entries(idsOf(JSON.parse(body))).filter(([, id]) => /^[\w-]{1,64}$/.test(id)));
  } catch {
    return {};
  }
}

async function prepare() {
  const [services, deployed] = await Promise.all([
    awsServices(process.env, { endpoint: ownEndpoint, objects, snapshots, stacks, tokenSecret, workflows }),
    clientKey(process.env),
  ]);
  const { limits } = services.config;
  const connectors = { ...services, bell: POLLING_BELL, blockAccess: blockAccess(readEnvironment(process.env)) };
  const apis = [smsApi(services, undefined, connectorActions(connectors)), adminApi(connectors)];
  const common = { apis, newRequestId: randomUUID, log: services.log };
  const stored = storedKeys(services);
  const keyOf = async (accessKeyId: string) => (accessKeyId === deployed.accessKeyId ? deployed : stored(accessKeyId));
  const signed = {
    verifier: { keyOf, now: () => Date.now() },
    throttle: throttle({ rate: limits.requestsPerSecond, burst: limits.requestBurst }, () => Date.now()),
  };
  return {
    byUrl: takingNotifications(createDispatcher({ ...common, ...signed }), services),
    direct: createDispatcher(common),
  };
}

const urlRequest = ({
  rawPath,
  headers,
  queryStringParameters = {},
  body = '',
  isBase64Encoded,
  requestContext,
}: UrlCall): HttpRequest => ({
  method: requestContext.http.method,
  path: rawPath,
  query: queryStringParameters,
  headers,
  body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
});

/** Bytes travel as base64: compressed answers are such. */
const urlAnswer = ({ status, headers, body }: HttpResponse) => ({
  statusCode: status,
  headers,
  body: typeof body === 'string' ? body : body.toString('base64'),
  isBase64Encoded: typeof body !== 'string',
});

const directRequest = ({ target, body }: DirectCall): HttpRequest => ({
  method: 'POST',
  path: '/',
  query: {},
  headers: { host: 'localhost', 'x-amz-target': target },
  body: Buffer.from(body),
});
