import { createHash } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { amzDate, signatureOf } from '../api/sign-v4.ts';
import { BLOCK_SIZE } from '../snapshots.ts';

/** Where blocks are sent to and read from. */
export interface BlockTarget {
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
  readonly timeouts: BlockTimeouts;
}

/** Milliseconds. Outside AWS a few puts never get an answer: source, awslabs/coldsnap issues 437 and 438. */
export interface BlockTimeouts {
  /** Without a byte from the other side. */
  readonly silence: number;
  /** For one attempt. */
  readonly attempt: number;
  /** For a block with all its attempts. */
  readonly operation: number;
}

interface BlockName {
  readonly snapshotId: string;
  readonly index: number;
}

export interface Block extends BlockName {
  readonly data: Buffer;
  readonly sha256: Buffer;
}

/** The service's answer that it did not take the block, or does not give it. */
export class BlockRefusedError extends Error {
  override readonly name = 'BlockRefusedError';
  readonly type: string;
  readonly status: number;
  readonly reason?: string;

  constructor(
    block: BlockName,
    { type, status, reason, message }: { type: string; status: number; reason?: string; message: string },
  ) {
    super(`block ${block.index} of ${block.snapshotId} was refused: ${type}: ${message}`);
    this.type = type;
    this.status = status;
    if (reason !== undefined) this.reason = reason;
  }
}

/** There was no answer, or the wrong one: the block may have been written or not, and can be put, or read, again. */
export class BlockBrokenError extends Error {
  override readonly name = 'BlockBrokenError';
}

/** Connections at once; as many puts as a copy makes. */
const MAX_SOCKETS = 64;
/** SHA-256 of no bytes. */
const NO_BODY = createHash('sha256').digest('hex');

/**
 * Sends blocks with PutSnapshotBlock and reads them with GetSnapshotBlock, one attempt each: by `node:http` and a signer of a few lines, since the SDK hashes
 * each block again and takes more than twice the time. The digest that the copy made anyway is the checksum and, in hexadecimal digits, the signed hash of
 * the body. Both throw BlockRefusedError, BlockBrokenError.
 */
export function blockRequests(target: BlockTarget) {
  const url = new URL(target.endpoint);
  const isSecure = url.protocol === 'https:';
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const begin = isSecure ? httpsRequest : httpRequest;
  const connection: RequestOptions = {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    agent,
  };
  const exchange = async (block: BlockName & { readonly data?: Buffer }, request: Unsigned) => {
    const headers = await signedHeaders(request, { host: url.host, target });
    const query = new URLSearchParams(request.query).toString();
    const path = query === '' ? request.path : `${request.path}?${query}`;
    return send(() => begin({ ...connection, method: request.method, path, headers }), block, target.timeouts);
  };
  return {
    async put(block: Block): Promise<void> {
      const checksum = block.sha256.toString('base64');
      const response = await exchange(block, {
        method: 'PUT',
        path: pathOf(block),
        query: {},
        payloadHash: block.sha256.toString('hex'),
        signed: {
          'x-amz-checksum': checksum,
          'x-amz-checksum-algorithm': 'SHA256',
          'x-amz-data-length': `${BLOCK_SIZE}`,
        },
        unsigned: { 'content-type': 'application/octet-stream', 'content-length': `${BLOCK_SIZE}` },
      });
      if (response.status !== 201) throw refused(block, response);
      if (response.headers['x-amz-checksum'] !== checksum)
        throw new BlockBrokenError(`block ${block.index} of ${block.snapshotId} was taken with another checksum`);
    },
    /** The block's bytes, and the checksum that came with them, in base64. They have not been compared. */
    async get(block: BlockName, blockToken: string): Promise<{ data: Buffer; checksum: string }> {
      const query = { blockToken };
      const request = { method: 'GET', path: pathOf(block), query, payloadHash: NO_BODY, signed: {}, unsigned: {} };
      const response = await exchange(block, request);
      if (response.status !== 200) throw refused(block, response);
      if (response.body.length !== BLOCK_SIZE)
        throw new BlockBrokenError(
          `block ${block.index} of ${block.snapshotId} came with ${response.body.length} bytes`,
        );
      return { data: response.body, checksum: String(response.headers['x-amz-checksum']) };
    },
    close: () => agent.destroy(),
  };
}

const pathOf = ({ snapshotId, index }: BlockName) => `/snapshots/${snapshotId}/blocks/${index}`;

interface Unsigned {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly payloadHash: string;
  /** Headers that the signature covers, beside those of every request. */
  readonly signed: Readonly<Record<string, string>>;
  readonly unsigned: Readonly<Record<string, string>>;
}

async function signedHeaders(request: Unsigned, { host, target }: { host: string; target: BlockTarget }) {
  const { accessKeyId, secretAccessKey, sessionToken } = await target.credentials();
  const { method, path, query, payloadHash } = request;
  const { region } = target;
  const date = amzDate(target.now());
  const headers: Record<string, string> = {
    ...request.signed,
    host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': date,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const signedNames = Object.keys(headers).sort();
  const signable = { method, path, query, headers, signedHeaders: signedNames, payloadHash };
  const signature = signatureOf(signable, { secretAccessKey, region, service: 'ebs', date });
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${date.slice(0, 8)}/${region}/ebs/aws4_request, SignedHeaders=${signedNames.join(';')}, Signature=${signature}`;
  return { ...headers, ...request.unsigned };
}

interface Received {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function send(
  begin: () => ReturnType<typeof httpRequest>,
  block: BlockName & { readonly data?: Buffer },
  timeouts: BlockTimeouts,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = begin();
    const broken = (what: string, cause?: unknown) =>
      new BlockBrokenError(`block ${block.index} of ${block.snapshotId}: ${what}`, { cause });
    const end = setTimeout(() => sent.destroy(broken(`not done after ${timeouts.attempt} ms`)), timeouts.attempt);
    sent.setTimeout(timeouts.silence, () => sent.destroy(broken(`no answer for ${timeouts.silence} ms`)));
    sent.once('close', () => clearTimeout(end));
    sent.on('error', (error) => reject(error instanceof BlockBrokenError ? error : broken(error.message, error)));
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', (error) => reject(broken(error.message, error)));
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    sent.end(block.data);
  });
}

function refused(block: BlockName, { status, headers, body }: Received): BlockRefusedError {
  const text = body.toString('utf8');
  const told = parsed(text);
  const type = String(headers['x-amzn-errortype'] ?? told.__type ?? `HTTP ${status}`).replace(/[:#].*$/, '');
  const message = String(told.Message ?? told.message ?? text.slice(0, 200));
  const reason = told.Reason ? { reason: String(told.Reason) } : {};
  return new BlockRefusedError(block, { type, status, message, ...reason });
}

function parsed(body: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
