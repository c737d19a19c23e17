import { traceOf } from '../../lib/aws/trace.ts';

/** What Middy calls with an error that nobody handles: it is logged, with the trace, and fails the call. */
export const logsFailure =
  (message: string) =>
  ({ error }: { readonly error: unknown }): void =>
    console.error({ message, ...traceOf(), error: String(error) });
