import type { IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import { UntrustedCertificateError, VcenterUnreachableError } from './faults.ts';
import { MalformedAnswerError } from './xml.ts';

export interface HttpRequest {
  readonly url: URL;
  readonly agent: Agent;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Milliseconds without a byte after which a request is given up: a snapshot list of a busy vCenter takes half of it. */
const SILENCE_LIMIT = 60_000;

/** Sends a request; answers when the headers of the answer are there. Throws VcenterUnreachableError, UntrustedCertificateError. */
export async function send(outgoing: HttpRequest): Promise<IncomingMessage> {
  for (;;) {
    const sent = await sendOnce(outgoing);
    if (sent !== STALE) return sent;
  }
}

/** The connection had been closed by the other end, which had not seen the request; the next attempt may get another such one, until none is left. */
const STALE = Symbol('stale');

function sendOnce({ url, agent, method = 'GET', headers = {}, body }: HttpRequest) {
  return new Promise<IncomingMessage | typeof STALE>((resolve, reject) => {
    let incoming: IncomingMessage | undefined;
    const failed = (error: NodeJS.ErrnoException) => {
      const isStale = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '');
      if (isStale) resolve(STALE);
      else reject(explained(error, url));
    };
    const outgoing = request(url, { agent, method, headers, timeout: SILENCE_LIMIT }, (answer) => {
      incoming = answer;
      outgoing.off('error', failed);
      // Whoever reads the body gets to know of it; nobody may be there any more.
      outgoing.on('error', () => {});
      resolve(answer);
    });
    outgoing.on('timeout', () => {
      // It is silent because nobody reads on: an export waits while blocks are put.
      if (incoming?.readableLength) outgoing.setTimeout(SILENCE_LIMIT);
      else outgoing.destroy(new Error(`no answer within ${SILENCE_LIMIT / 1000} s`));
    });
    outgoing.once('error', failed);
    outgoing.end(body);
  });
}

function explained(error: Error, { host }: URL): Error {
  if (error instanceof UntrustedCertificateError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new VcenterUnreachableError(
    `${host} cannot be reached: ${error.message || code}; check the address, the network and that the machine runs`,
    { cause: error },
  );
}

/** The body as text. Throws MalformedAnswerError when it has more than `limit` bytes, VcenterUnreachableError when it breaks off. */
export async function readText(
  answer: IncomingMessage,
  { limit, host }: { limit: number; host: string },
): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > limit) throw new MalformedAnswerError(`an answer of ${host} has more than ${limit} bytes`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof MalformedAnswerError) throw error;
    throw new VcenterUnreachableError(`an answer of ${host} broke off: ${(error as Error).message}`, { cause: error });
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Fills the buffer with the body. Throws VcenterUnreachableError when the body has not as many bytes. */
export function readInto(answer: IncomingMessage, into: Buffer, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const broken = (why: string, cause?: Error) => {
      answer.destroy();
      reject(new VcenterUnreachableError(`an answer of ${host} broke off: ${why}`, { cause }));
    };
    let at = 0;
    // Events, not an iterator: a disk is a hundred thousand pieces.
    answer.on('data', (part: Buffer) => {
      if (at + part.length > into.length) broken('it has more bytes than were asked for');
      else at += part.copy(into, at);
    });
    answer.once('error', (error) => broken(error.message, error));
    answer.once('end', () => (at === into.length ? resolve() : broken(`it has ${at} bytes of ${into.length}`)));
  });
}
