/** Time as a port, so that tests pass months in milliseconds. All times are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Calls `run` once `at` has come (at once when it has passed). Returns the function that cancels it. */
  setTimer(at: number, run: () => void): () => void;
}
