import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../api/sha256.ts';
import { ServiceUnreachableError } from './errors.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface JsonCall {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** `<prefix>.<operation>`. */
  readonly target: string;
  readonly body: object;
  /** Milliseconds; without an answer until then there is none. */
  readonly patience: number;
  readonly signal?: AbortSignal;
}

/** The service's refusal, with the members of its own errors. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly type: string;
  readonly status: number;

  constructor({ type, status, message }: { type: string; status: number; message: string }) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** Calls an operation of an AWS JSON API that no client knows, signed for SMS. Throws RefusedError, ServiceUnreachableError. */
export async function jsonCall(call: JsonCall): Promise<object> {
  const { endpoint, patience, signal } = call;
  const { headers, body } = await signed(call);
  const limit = AbortSignal.timeout(patience);
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL('/', endpoint), {
      method: 'POST',
      headers,
      body,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new ServiceUnreachableError(`${endpoint} does not answer: ${why}`, { cause: error });
  }
  const answer = parsed(text);
  if (response.ok) return answer;
  const { __type: type = `HTTP ${response.status}`, message = text.slice(0, 200) } = answer as Record<string, string>;
  throw new RefusedError({ type, status: response.status, message });
}

async function signed({ endpoint, region, credentials, target, body }: JsonCall) {
  const url = new URL(endpoint);
  const text = JSON.stringify(body);
  const signer = new SignatureV4({ credentials, region, service: 'sms', sha256: Sha256 });
  const request = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: text,
  });
  // The client writes the host itself.
  const { host: _, ...headers } = request.headers;
  return { headers, body: text };
}

function parsed(text: string): object {
  try {
    return (JSON.parse(text || '{}') ?? {}) as object;
  } catch {
    return {};
  }
}
