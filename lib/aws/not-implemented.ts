/** A port, or a part of one, that has no AWS adapter yet. Nothing pretends: the call fails by this name. The README lists them. */
export class NotImplementedError extends Error {
  override readonly name = 'NotImplementedError';
}

/** A port whose every method fails by name. */
export const notImplemented = <Port extends object>(port: string): Port =>
  failing(
    (method) =>
      new NotImplementedError(`${port}.${method} is not implemented on AWS yet; use \`rehost up\` on one machine`),
  );

/** A port that a function does not have. */
export const notGiven = <Port extends object>(port: string): Port =>
  failing(
    (method) => new Error(`${port}.${method}: this function has no port ${port}; name it in its file of lambdas`),
  );

const failing = <Port extends object>(errorOf: (method: string) => Error): Port =>
  new Proxy({} as Port, {
    get(_, method) {
      if (typeof method === 'symbol' || method === 'then') return undefined;
      return () => {
        throw errorOf(method);
      };
    },
  });
