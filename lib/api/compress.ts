import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HttpRequest, HttpResponse } from './http.ts';

/** Below this, compressing costs more than it saves: such an answer fits a few packets. */
const WORTH_IT = 4_096;

const compressed = promisify(gzip);

/** The answer as gzip where it is large and the caller reads gzip. */
export async function compress(request: HttpRequest, response: HttpResponse): Promise<HttpResponse> {
  if (response.body.length < WORTH_IT || !acceptsGzip(request.headers['accept-encoding'])) return response;
  const headers = { ...response.headers, 'content-encoding': 'gzip', vary: 'accept-encoding' };
  return { ...response, headers, body: await compressed(response.body) };
}

/** Whether `Accept-Encoding` names gzip, not with quality 0. Source: RFC 9110, section 12.5.3. */
function acceptsGzip(header = ''): boolean {
  return header.split(',').some((part) => {
    const [coding = '', ...parameters] = part
      .toLowerCase()
      .split(';')
      .map((text) => text.trim());
    return (coding === 'gzip' || coding === '*') && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
