import { expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { Sha256 } from '../../lib/api/sha256.ts';
import { amzDate, signatureOf, UNSIGNED_PAYLOAD } from '../../lib/api/sign-v4.ts';

const NOW = Date.parse('2026-01-31T12:34:56.789Z');
const key = { accessKeyId: 'AKID', secretAccessKey: 'secret' };

async function signedBySmithy(request: {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
}) {
  const signer = new SignatureV4({
    credentials: key,
    region: 'eu-west-1',
    service: 'ebs',
    sha256: Sha256,
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    { ...request, protocol: 'https:', hostname: 'ebs.eu-west-1.amazonaws.com' },
    { signingDate: new Date(NOW) },
  );
  const [, names = '', signature = ''] =
    /SignedHeaders=([^,]+), Signature=(\w+)/.exec(headers.authorization ?? '') ?? [];
  return { headers, signedHeaders: names.split(';'), signature };
}

const text = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
const payloadHash = fc.constantFrom(UNSIGNED_PAYLOAD, '0'.repeat(64));
const requests = fc.record({
  method: fc.constantFrom('PUT', 'GET', 'POST'),
  path: fc.constantFrom('/', '/snapshots', '/snapshots/snap-0a/blocks/12', "/a%20b/c(d)*'!"),
  query: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9.~ +=-]{0,8}$/), text, { maxKeys: 3 }),
  extra: text,
  payloadHash,
});

test('signs as @smithy/signature-v4 does', async () => {
  const property = fc.asyncProperty(requests, async ({ method, path, query, extra, payloadHash: hash }) => {
    const headers = {
      host: 'ebs.eu-west-1.amazonaws.com',
      'x-amz-content-sha256': hash,
      'x-amz-data-length': '524288',
      'x-amz-extra': extra,
    };
    const smithy = await signedBySmithy({ method, path, query, headers });
    const ours = signatureOf(
      { method, path, query, headers: smithy.headers, signedHeaders: smithy.signedHeaders, payloadHash: hash },
      { secretAccessKey: key.secretAccessKey, region: 'eu-west-1', service: 'ebs', date: amzDate(NOW) },
    );
    expect(ours).toBe(smithy.signature);
  });
  await fc.assert(property, { numRuns: 200 });
});

test('writes dates as AWS does', () => {
  expect(amzDate(NOW)).toBe('20260131T123456Z');
});
