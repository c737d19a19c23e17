import { Agent } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { UntrustedCertificateError } from './faults.ts';

/** Whom to believe: whoever has the certificate with that fingerprint, or one that the authorities signed (the system's, unless told). */
export interface Trust {
  /** SHA-256 of the certificate; SHA-1 where vCenter names a host's. Hexadecimal digits, large, without colons. */
  readonly pin?: string;
  /** Certificates of authorities, PEM. */
  readonly ca?: string;
}

/** Connections at once to one address: vCenter serves files through few threads, and hosts through fewer. */
const MAX_SOCKETS = 8;
/** Milliseconds for a connection to come about. */
const CONNECT_LIMIT = 15_000;
/** Milliseconds of silence after which the other end is asked whether it is there. */
const KEEP_ALIVE = 30_000;

/** An agent whose connections are handed out only once their other end is trusted: before, not a byte is sent. */
export function trustingAgent(trust: Trust): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' });
  const createConnection = (
    options: { host?: string; port?: number | string },
    done: (error: Error | null, socket?: Socket) => void,
  ) => {
    const { host = '', port = 443 } = options;
    trustedSocket({ host, port: Number(port) }, trust).then((socket) => done(null, socket), done);
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function trustedSocket({ host, port }: Address, trust: Trust): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) ? {} : { servername: host }),
      ...(trust.ca === undefined ? {} : { ca: trust.ca }),
      // Refused below, with words that help.
      rejectUnauthorized: false,
    });
    const late = () => socket.destroy(new Error(`no connection within ${CONNECT_LIMIT / 1000} s`));
    socket.setTimeout(CONNECT_LIMIT, late);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const problem = distrust(socket, trust, `${host}:${port}`);
      if (problem) return socket.destroy(problem);
      socket.setTimeout(0).removeListener('timeout', late).removeListener('error', reject);
      // Firewalls forget connections that are silent: while a task runs, or between two runs.
      socket.setKeepAlive(true, KEEP_ALIVE);
      resolve(socket);
    });
  });
}

function distrust(socket: TLSSocket, { pin, ca }: Trust, where: string): Error | undefined {
  const { fingerprint256, fingerprint } = socket.getPeerCertificate();
  const shown = [fingerprint256, fingerprint].map((text) => text?.replaceAll(':', ''));
  if (pin !== undefined) {
    if (shown.includes(pin)) return undefined;
    return new UntrustedCertificateError(
      `${where} has the certificate ${fingerprint256} (SHA-256), not the one that is pinned; if it was renewed, look at it there and pin the new one; otherwise somebody is in between`,
    );
  }
  if (socket.authorized) return undefined;
  const advice =
    ca === undefined
      ? 'give ca=FILE with the authority that signed it (vCenter: /certs/download.zip)'
      : 'check ca=FILE';
  return new UntrustedCertificateError(
    `the certificate of ${where} is not trusted (${socket.authorizationError}): ${advice}, or, once you have compared it with the one on the machine itself, pin=${fingerprint256.replaceAll(':', '')}`,
  );
}
