import type { ConnectorService } from '../messages.ts';
import { told } from './errors.ts';
import { type Credentials, jsonCall } from './json-call.ts';

const PREFIX = 'AWSServerMigrationService_V2016_10_24';
/** Milliseconds for an answer, beyond those that the service is asked to wait. */
const PATIENCE = 15_000;

export interface RemoteOptions {
  readonly endpoint: string;
  readonly region: string;
  credentials(): Credentials;
}

/** The service at an endpoint, with what its refusals mean to a connector. */
export function remoteService({ endpoint, region, credentials }: RemoteOptions): ConnectorService {
  const call = async (action: string, body: object, more: { patience: number; signal?: AbortSignal }) => {
    const target = `${PREFIX}.${action}`;
    for (;;) {
      const key = credentials();
      try {
        return (await jsonCall({ endpoint, region, credentials: key, target, body, ...more })) as never;
      } catch (error) {
        // The key was rotated while the request was on its way.
        if (credentials().accessKeyId === key.accessKeyId) throw told(error);
      }
    }
  };
  return {
    getMessages: (request, signal) =>
      call('GetMessages', request, {
        patience: (request.waitSeconds ?? 0) * 1_000 + PATIENCE,
        ...(signal ? { signal } : {}),
      }),
    sendMessage: (message) => call('SendMessage', message, { patience: PATIENCE }),
  };
}
