/** A port that a function does not have: its every method fails by name. */
export const notGiven = <Port extends object>(port: string): Port =>
  new Proxy({} as Port, {
    get(_, method) {
      if (typeof method === 'symbol' || method === 'then') return undefined;
      return () => {
        throw new Error(`${port}.${method}: this function has no port ${port}; name it in its file of lambdas`);
      };
    },
  });
