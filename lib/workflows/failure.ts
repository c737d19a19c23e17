/** What a Catch puts into the input: the error's name, and its cause, which is JSON for an error of a function. */
export interface Failure {
  readonly Error: string;
  readonly Cause: string;
}

/** The failure in one line for a person. */
export function describeFailure({ Error: error, Cause }: Failure): string {
  const message = messageOf(Cause);
  return message ? `${error}: ${message}` : error;
}

function messageOf(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : cause;
  } catch {
    return cause;
  }
}
