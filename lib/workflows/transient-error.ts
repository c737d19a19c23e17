/** A failure that goes away by itself; the state machines try the task again. Every other name is final. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
}
