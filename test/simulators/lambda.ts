import { serve } from '../../lib/local/http-server.ts';

/** What comes with an event: X-Ray's header of the call, if it had one. */
export interface InvokeContext {
  readonly traceHeader?: string | undefined;
}

export type LambdaHandler = (event: unknown, context: InvokeContext) => Promise<unknown>;

/** What every function of the double has as its URL. */
const FUNCTION_URL = 'https://api.lambda-url.us-east-1.on.aws/';

/** Lambda's Invoke API over handlers of this process, and a function URL. Source: Lambda developer guide. */
export async function serveLambda(handlers: Readonly<Record<string, LambdaHandler>>) {
  const server = await serve(
    async ({ path, headers, body }) => {
      if (path.endsWith('/url'))
        return { status: 200, headers: {}, body: JSON.stringify({ FunctionUrl: FUNCTION_URL }) };
      const name = decodeURIComponent(path.split('/')[3] ?? '').replace(/^.*:function:/, '');
      const handler = handlers[name];
      if (!handler)
        return { status: 404, headers: {}, body: JSON.stringify({ Message: `Function not found: ${name}` }) };
      try {
        const output = await handler(JSON.parse(body.toString()), { traceHeader: headers['x-amzn-trace-id'] });
        return { status: 200, headers: {}, body: JSON.stringify(output ?? null) };
      } catch (error) {
        const { name: errorType, message: errorMessage } = error as Error;
        const headers = { 'x-amz-function-error': 'Unhandled' };
        return { status: 200, headers, body: JSON.stringify({ errorType, errorMessage }) };
      }
    },
    { host: '127.0.0.1', port: 0 },
  );
  return server;
}

interface UrlAnswer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** A function URL, payload format 2.0. */
export const serveFunctionUrl = (handler: LambdaHandler) =>
  serve(
    async ({ method, path, query, headers, body }) => {
      const call = {
        rawPath: path,
        headers,
        queryStringParameters: query,
        body: body.toString('base64'),
        isBase64Encoded: true,
        requestContext: { http: { method } },
      };
      const answer = (await handler(call, { traceHeader: headers['x-amzn-trace-id'] })) as UrlAnswer;
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: answer.isBase64Encoded ? Buffer.from(answer.body, 'base64') : answer.body,
      };
    },
    { host: '127.0.0.1', port: 0 },
  );
