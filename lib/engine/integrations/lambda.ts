import type { Json } from '../../json.ts';
import type { Signal, TaskWait } from '../execution.ts';
import { InvokeError, type InvokeResult } from '../invoke.ts';
import {
  arnHistory,
  type Dispatched,
  type Integration,
  type TaskServices,
  taskHistory,
  tracedBy,
} from './integration.ts';

/** A function by its ARN: what goes in is its payload, what comes out is the result. */
export const lambdaFunction: Integration = {
  history: arnHistory('LambdaFunction'),
  dispatch: async (task, { invoke }) => {
    const { wait, parameters, signal } = task;
    const run = () => invoke(wait.resource, parameters, { ...tracedBy(task), signal });
    return ended(wait, { run, result: ({ payload }) => payload });
  },
};

interface InvokeParameters {
  readonly FunctionName: string;
  readonly Payload?: Json;
  readonly Qualifier?: string;
  readonly InvocationType?: string;
}

/** `lambda:invoke`: parameters and answer are those of Lambda's Invoke API. */
export const lambdaInvoke: Integration = {
  history: taskHistory('lambda'),
  limitName: 'lambda',
  refuses: (parameters) =>
    typeof (parameters as Partial<InvokeParameters> | null)?.FunctionName === 'string'
      ? undefined
      : "The field 'FunctionName' is required but was missing",
  async dispatch(task, services) {
    const { wait } = task;
    const signal = await ended(wait, { run: () => invoke(task, services), result: asAnswer });
    return wait.byToken && signal.kind === 'result' ? { ...signal, kind: 'submitted' } : signal;
  },
};

function invoke(task: Dispatched, services: TaskServices) {
  const { parameters, signal } = task;
  const { FunctionName, Payload, Qualifier, InvocationType } = parameters as unknown as InvokeParameters;
  return services.invoke(FunctionName, payloadOf(Payload), {
    ...(Qualifier === undefined ? {} : { qualifier: Qualifier }),
    ...(InvocationType === undefined ? {} : { invocationType: InvocationType }),
    ...tracedBy(task),
    signal,
  });
}

/** A text that is JSON is sent as it is, so that the function gets what it says; any other text arrives as a text. */
function payloadOf(payload: Json | undefined): Json {
  if (typeof payload !== 'string') return payload ?? {};
  try {
    return JSON.parse(payload) as Json;
  } catch {
    return payload;
  }
}

const asAnswer = ({ payload, executedVersion, statusCode }: InvokeResult): Json => ({
  ExecutedVersion: executedVersion,
  Payload: payload,
  StatusCode: statusCode,
});

async function ended(
  { nonce }: TaskWait,
  { run, result }: { run: () => Promise<InvokeResult>; result: (answer: InvokeResult) => Json },
): Promise<Extract<Signal, { kind: 'result' | 'failure' }>> {
  try {
    return { kind: 'result', nonce, output: result(await run()) };
  } catch (error) {
    if (!(error instanceof InvokeError)) throw error;
    return { kind: 'failure', nonce, error: error.error, cause: error.message };
  }
}
