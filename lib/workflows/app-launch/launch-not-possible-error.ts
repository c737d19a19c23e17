/** Something that the launch needs is not there. */
export class LaunchNotPossibleError extends Error {
  override readonly name = 'LaunchNotPossibleError';
}
