import { gunzipSync } from 'node:zlib';
import type { Json } from '../json.ts';
import { requestTooLarge, serializationFailed } from './errors.ts';
import type { HttpRequest } from './http.ts';

/** Bytes of a request's body, also once it is unpacked; the largest that SMS has (50 servers' launch settings) is far below. */
export const MAX_BODY = 1_048_576;
/** Levels of lists and objects; the deepest request has 8. Without a bound, a body of brackets would use up the stack of whoever walks it. */
const MAX_DEPTH = 64;

/** The body as JSON; without one, an empty object. Throws SerializationException, RequestEntityTooLargeException. */
export function parseBody(request: Pick<HttpRequest, 'body' | 'headers'>): Json {
  const plain = unpacked(request);
  if (plain.length === 0) return {};
  const text = decoded(plain);
  if (isDeeper(text, MAX_DEPTH)) throw serializationFailed(`the body is nested deeper than ${MAX_DEPTH} levels`);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw serializationFailed(`the body is not JSON: ${(error as Error).message}`);
  }
}

export function checkSize({ body }: HttpRequest) {
  if (body.length > MAX_BODY)
    throw requestTooLarge(`the body has more than ${MAX_BODY} bytes; send less in one request`);
}

function unpacked({ body, headers }: Pick<HttpRequest, 'body' | 'headers'>): Buffer {
  const encoding = headers['content-encoding']?.trim().toLowerCase() || 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip')
    throw serializationFailed(
      `content-encoding ${encoding.slice(0, 40)} is not read here; send the body plain or as gzip`,
    );
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw requestTooLarge(`the body has more than ${MAX_BODY} bytes once it is unpacked; send less in one request`);
    throw serializationFailed(`the body is not gzip, though content-encoding says so: ${(error as Error).message}`);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw serializationFailed('the body is not UTF-8');
  }
}

/** Whether a JSON text has more levels than that. On text that is not JSON the answer means nothing; the parser refuses that. */
function isDeeper(text: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '}' || character === ']') depth--;
    else if ((character === '{' || character === '[') && ++depth > levels) return true;
  }
  return false;
}
