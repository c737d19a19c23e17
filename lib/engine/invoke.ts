import type { Json } from '../json.ts';
import { StateError } from './language/state-error.ts';

/** Runs a Lambda function. Throws StateError with the error's name as Step Functions would see it. */
export type Invoke = (functionArn: string, payload: Json) => Promise<Json>;

/** Functions that this process hosts, by name; others are invoked elsewhere, or do not exist. */
export function hostedInvoke(
  functions: Readonly<Record<string, (input: Json) => Promise<Json>>>,
  elsewhere?: Invoke,
): Invoke {
  return async (functionArn, payload) => {
    const name = functionArn.split(':function:').at(-1)!.split(':')[0]!;
    const run = functions[name];
    if (!run && elsewhere) return elsewhere(functionArn, payload);
    if (!run) throw new StateError('Lambda.ResourceNotFoundException', `Function not found: ${functionArn}`);
    try {
      // A function gets JSON and answers JSON, as it would over the wire: nothing is shared with the engine.
      return asJson(await run(asJson(payload)));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const cause = { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
      throw new StateError(error.name, JSON.stringify(cause));
    }
  };
}

const asJson = (value: Json | undefined): Json =>
  value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);

/** The Lambda Invoke API at this endpoint. */
export function httpInvoke(endpoint: string): Invoke {
  return async (functionArn, payload) => {
    const url = `${endpoint}/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(payload) }).catch((error: Error) => {
      throw new StateError('Lambda.SdkClientException', error.message);
    });
    const text = await response.text();
    if (response.status >= 500) throw new StateError('Lambda.ServiceException', text);
    if (!response.ok) throw new StateError('Lambda.AWSLambdaException', text);
    const body = text ? (JSON.parse(text) as Json) : null;
    if (!response.headers.has('x-amz-function-error')) return body;
    const { errorType = 'Error' } = body as { errorType?: string };
    throw new StateError(errorType, text);
  };
}
