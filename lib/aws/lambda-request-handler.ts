import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { SMSClientConfig } from '@aws-sdk/client-sms';
import type { HttpResponse } from '../api/http.ts';

/** A call of the API that came by invocation, not by HTTP: IAM has decided on it already. */
export interface DirectCall {
  readonly target: string;
  readonly body: string;
}

type RequestHandler = Extract<NonNullable<SMSClientConfig['requestHandler']>, { handle: unknown }>;

/** Carries the requests of an AWS JSON client to a Lambda function by Invoke instead of HTTP. */
export function lambdaRequestHandler(lambda: LambdaClient, functionName: string): RequestHandler {
  return {
    metadata: { handlerProtocol: 'lambda' },
    async handle({ headers, body }: { headers: Record<string, string>; body?: string | Uint8Array }) {
      const call: DirectCall = {
        target: headers['x-amz-target'] ?? '',
        body: typeof body === 'string' ? body : Buffer.from(body ?? []).toString(),
      };
      const { Payload, FunctionError } = await lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(call)) }),
      );
      const text = Buffer.from(Payload ?? []).toString();
      if (FunctionError) throw Object.assign(new Error(`the API function failed: ${text}`), { code: FunctionError });
      const answer = JSON.parse(text) as HttpResponse;
      return {
        response: { statusCode: answer.status, headers: lowerCase(answer.headers), body: Buffer.from(answer.body) },
      };
    },
  } as unknown as RequestHandler;
}

const lowerCase = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
