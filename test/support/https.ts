import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no certificate can be made here; undefined where one can. */
export const missingOpenssl: string | undefined = spawnSync('openssl', ['version']).error
  ? 'there is no openssl (apt-get install openssl)'
  : undefined;

/** A server on 127.0.0.1 with a certificate of its own, which names another host. */
export async function serveHttps(listener: RequestListener) {
  const server = createServer(selfSigned(), listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    pin: new X509Certificate(CERTIFICATE!.cert).fingerprint256,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let CERTIFICATE: { key: string; cert: string } | undefined;

function selfSigned() {
  if (CERTIFICATE) return CERTIFICATE;
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...request, '-subj', '/CN=vcenter.invalid', '-keyout', key, '-out', cert], {
    stdio: 'pipe',
  });
  CERTIFICATE = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return CERTIFICATE;
}
