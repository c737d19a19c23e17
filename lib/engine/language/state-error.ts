/** An error as the States language knows it: a name that Retry and Catch match, and a cause in words. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly error: string;
  readonly causeText: string;
  /** The field of the state that could not be evaluated, as EvaluationFailed events name it. */
  readonly location?: string;

  constructor(error: string, causeText: string, location?: string) {
    super(`${error}: ${causeText}`);
    this.error = error;
    this.causeText = causeText;
    if (location !== undefined) this.location = location;
  }
}
