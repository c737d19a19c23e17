/** A port, or a part of one, that has no AWS adapter yet. Nothing pretends: the call fails by this name. The README lists them. */
export class NotImplementedError extends Error {
  override readonly name = 'NotImplementedError';
}

/** A port whose every method fails by name. */
export function notImplemented<Port extends object>(port: string): Port {
  return new Proxy({} as Port, {
    get(_, method) {
      if (typeof method === 'symbol' || method === 'then') return undefined;
      return () => {
        throw new NotImplementedError(
          `${port}.${method} is not implemented on AWS yet; use \`rehost up\` on one machine`,
        );
      };
    },
  });
}
