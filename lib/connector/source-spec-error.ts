/** A source that is written wrongly, or is not there. */
export class SourceSpecError extends Error {
  override readonly name = 'SourceSpecError';
}
