import { SFNClient } from '@aws-sdk/client-sfn';
import { SMSClient } from '@aws-sdk/client-sms';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../api/sha256.ts';
import type { EventBridgeEvent } from '../domain/events.ts';
import { UsageError } from './command.ts';

/** A service and the clients that reach it. */
export interface Endpoint {
  readonly url: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly sms: SMSClient;
  readonly sfn: SFNClient;
}

export function connect({ url, region, credentials }: Pick<Endpoint, 'url' | 'region' | 'credentials'>): Endpoint {
  const config = { endpoint: url, region, credentials };
  return { url, region, credentials, sms: new SMSClient(config), sfn: new SFNClient(config) };
}

/** Behind the options of commands that ask a service. */
export const OF_THE_ENVIRONMENT =
  'The service is that of AWS_ENDPOINT_URL, called with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION: the lines that `rehost up` prints set all of them.';

/** The service that the environment names, if it names one. */
export function endpointOfEnvironment(env: NodeJS.ProcessEnv): Endpoint | undefined {
  const {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: accessKeyId = 'none',
    AWS_SECRET_ACCESS_KEY: secretAccessKey = 'none',
    AWS_REGION: region = 'us-east-1',
  } = env;
  return url ? connect({ url, region, credentials: { accessKeyId, secretAccessKey } }) : undefined;
}

/** The same; throws UsageError where there is none. */
export function requiredEndpoint(env: NodeJS.ProcessEnv): Endpoint {
  const endpoint = endpointOfEnvironment(env);
  if (endpoint) return endpoint;
  throw new UsageError('AWS_ENDPOINT_URL is not set; run `rehost up` and export the lines that it prints');
}

/** The published events after that position, at most a page of them. */
export async function fetchEvents(
  { url, region, credentials }: Endpoint,
  after: number,
): Promise<{ position: number; event: EventBridgeEvent }[]> {
  const target = new URL('/events', url);
  const signer = new SignatureV4({ credentials, region, service: 'rehost', sha256: Sha256 });
  const { headers } = await signer.sign({
    method: 'GET',
    protocol: target.protocol,
    hostname: target.hostname,
    path: target.pathname,
    query: { after: String(after) },
    headers: { host: target.host },
  });
  const response = await fetch(`${target}?after=${after}`, { headers });
  const text = await response.text();
  if (!response.ok) throw new Error((JSON.parse(text) as { message: string }).message);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { position: number; event: EventBridgeEvent });
}
