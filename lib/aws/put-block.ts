import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { amzDate, signatureOf } from '../api/sign-v4.ts';
import { BLOCK_SIZE } from '../snapshots.ts';

/** What a block is sent with. */
export interface PutTarget {
  /** `https://ebs.us-east-1.amazonaws.com`, or where `rehost up` listens. */
  readonly endpoint: string;
  readonly region: string;
  credentials(): Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  }>;
  /** Milliseconds since the epoch, of the signature. */
  now(): number;
  readonly timeouts: PutTimeouts;
}

/** Milliseconds. Outside AWS a few puts never get an answer: source, awslabs/coldsnap issues 437 and 438. */
export interface PutTimeouts {
  /** Without a byte from the other side. */
  readonly silence: number;
  /** For one attempt. */
  readonly attempt: number;
  /** For a put with all its attempts. */
  readonly operation: number;
}

export interface Block {
  readonly snapshotId: string;
  readonly index: number;
  readonly data: Buffer;
  readonly sha256: Buffer;
}

/** The service's answer that it did not take the block. */
export class PutRefusedError extends Error {
  override readonly name = 'PutRefusedError';
  readonly type: string;
  readonly status: number;
  readonly reason?: string;

  constructor(
    block: Block,
    { type, status, reason, message }: { type: string; status: number; reason?: string; message: string },
  ) {
    super(`block ${block.index} of ${block.snapshotId} was refused: ${type}: ${message}`);
    this.type = type;
    this.status = status;
    if (reason !== undefined) this.reason = reason;
  }
}

/** There was no answer, or the wrong one: the block may have been written or not, and can be put again. */
export class PutBrokenError extends Error {
  override readonly name = 'PutBrokenError';
}

/** Connections at once; as many puts as a copy makes. */
const MAX_SOCKETS = 64;

const SIGNED_HEADERS = [
  'host',
  'x-amz-checksum',
  'x-amz-checksum-algorithm',
  'x-amz-content-sha256',
  'x-amz-data-length',
  'x-amz-date',
];
const SIGNED_WITH_TOKEN = [...SIGNED_HEADERS, 'x-amz-security-token'];

/**
 * Sends blocks with PutSnapshotBlock, one attempt each: by `node:http` and a signer of a few lines, since the SDK hashes each block again and takes more
 * than twice the time. The digest that the copy made anyway is the checksum and, in hexadecimal digits, the signed hash of the body.
 */
export function blockSender(target: PutTarget) {
  const url = new URL(target.endpoint);
  const isSecure = url.protocol === 'https:';
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const request = isSecure ? httpsRequest : httpRequest;
  const connection: RequestOptions = {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    agent,
  };
  return {
    /** Throws PutRefusedError, PutBrokenError. */
    async put(block: Block): Promise<void> {
      const path = `/snapshots/${block.snapshotId}/blocks/${block.index}`;
      const headers = await signedHeaders(block, { path, host: url.host, target });
      const response = await send(
        () => request({ ...connection, method: 'PUT', path, headers }),
        block,
        target.timeouts,
      );
      if (response.status !== 201) throw refused(block, response);
      if (response.headers['x-amz-checksum'] !== block.sha256.toString('base64'))
        throw new PutBrokenError(`block ${block.index} of ${block.snapshotId} was taken with another checksum`);
    },
    close: () => agent.destroy(),
  };
}

async function signedHeaders(block: Block, { path, host, target }: { path: string; host: string; target: PutTarget }) {
  const { accessKeyId, secretAccessKey, sessionToken } = await target.credentials();
  const { region } = target;
  const date = amzDate(target.now());
  const payloadHash = block.sha256.toString('hex');
  const headers: Record<string, string> = {
    host,
    'x-amz-checksum': block.sha256.toString('base64'),
    'x-amz-checksum-algorithm': 'SHA256',
    'x-amz-content-sha256': payloadHash,
    'x-amz-data-length': `${BLOCK_SIZE}`,
    'x-amz-date': date,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const signedNames = sessionToken === undefined ? SIGNED_HEADERS : SIGNED_WITH_TOKEN;
  const signable = { method: 'PUT', path, query: {}, headers, signedHeaders: signedNames, payloadHash };
  const signature = signatureOf(signable, { secretAccessKey, region, service: 'ebs', date });
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${date.slice(0, 8)}/${region}/ebs/aws4_request, SignedHeaders=${signedNames.join(';')}, Signature=${signature}`;
  headers['content-type'] = 'application/octet-stream';
  headers['content-length'] = `${BLOCK_SIZE}`;
  return headers;
}

interface Received {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function send(begin: () => ReturnType<typeof httpRequest>, block: Block, timeouts: PutTimeouts): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = begin();
    const broken = (what: string, cause?: unknown) =>
      new PutBrokenError(`block ${block.index} of ${block.snapshotId}: ${what}`, { cause });
    const end = setTimeout(() => sent.destroy(broken(`not done after ${timeouts.attempt} ms`)), timeouts.attempt);
    sent.setTimeout(timeouts.silence, () => sent.destroy(broken(`no answer for ${timeouts.silence} ms`)));
    sent.once('close', () => clearTimeout(end));
    sent.on('error', (error) => reject(error instanceof PutBrokenError ? error : broken(error.message, error)));
    sent.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => {
        body += text;
      });
      response.once('error', (error) => reject(broken(error.message, error)));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.end(block.data);
  });
}

function refused(block: Block, { status, headers, body }: Received): PutRefusedError {
  const told = parsed(body);
  const type = String(headers['x-amzn-errortype'] ?? told.__type ?? `HTTP ${status}`).replace(/[:#].*$/, '');
  const message = String(told.Message ?? told.message ?? body.slice(0, 200));
  return new PutRefusedError(block, { type, status, message, ...(told.Reason ? { reason: String(told.Reason) } : {}) });
}

function parsed(body: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
