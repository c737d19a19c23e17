import type { IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExportLeaseError, localizedFault } from './faults.ts';
import { send } from './http.ts';
import { argument, type Moref, morefOf } from './moref.ts';
import { propertiesOf } from './properties.ts';
import { trustingAgent } from './tls.ts';
import type { VimSession } from './vim-session.ts';
import type { VirtualDisk } from './virtual-disks.ts';
import { children, demandNumber, demandText, textOf, type Xml } from './xml.ts';

/** The right to download the disks of a snapshot from the host that has them, for as long as it is renewed. */
export interface ExportLease {
  /** Begins the download of a disk. Throws ExportLeaseError. */
  download(disk: VirtualDisk): Promise<IncomingMessage>;
  /** Gives it back, with its connections. */
  close(): Promise<void>;
}

/** Milliseconds between two looks whether the host has made it ready, and for all of them. */
const LOOK = 100;
const READY_LIMIT = 120_000;
/** A lease is renewed so many times before it would end. */
const RENEWALS = 4;
/** Until the end is known: 0 says that nothing has been transferred, which is allowed as well. */
const PERCENT = 1;

/** Throws ExportLeaseError, VimFaultError. */
export async function openExportLease(session: VimSession, snapshot: Moref): Promise<ExportLease> {
  const lease = morefOf(await session.call('ExportSnapshot', snapshot), 'returnval');
  const info = await readyInfo(session, lease);
  const agents = new Map<string, Agent>();
  const renew = () => session.call('HttpNfcLeaseProgress', lease, argument('percent', PERCENT)).catch(() => {});
  const timer = setInterval(renew, (demandNumber(info, 'leaseTimeout') * 1000) / RENEWALS).unref();
  return {
    download: (disk) => download(deviceOf(info, disk), { disk, session, agents }),
    async close() {
      clearInterval(timer);
      for (const agent of agents.values()) agent.destroy();
      // One that has ended is not there to be given back.
      await session.call('HttpNfcLeaseComplete', lease).catch(() => {});
    },
  };
}

async function readyInfo(session: VimSession, lease: Moref): Promise<Xml> {
  for (let waited = 0; waited < READY_LIMIT; waited += LOOK) {
    const found = await propertiesOf(session, lease, ['state', 'info', 'error']);
    const state = textOf(found?.get('state'));
    if (state === 'ready') return found!.get('info') ?? '';
    if (state === 'error') throw localizedFault(found!.get('error') ?? '', `the export of ${lease.id}`);
    if (state !== 'initializing') throw new ExportLeaseError(`vCenter took the export lease ${lease.id} back`);
    await sleep(LOOK);
  }
  throw new ExportLeaseError(`the host did not begin the export within ${READY_LIMIT / 1000} s`);
}

/** The lease names disks by where they are: `/vm-1/ParaVirtualSCSIController0:1`. Another order than ours must not mix them up. */
function deviceOf(info: Xml, { label, address }: VirtualDisk): Xml {
  const devices = children(info, 'deviceUrl').filter((device) => textOf(device, 'disk') !== 'false');
  const found = devices.filter((device) => textOf(device, 'key')?.endsWith(`/${address}`));
  if (found.length === 1) return found[0]!;
  const keys = devices.map((device) => textOf(device, 'key')).join(', ');
  throw new ExportLeaseError(`${label} (${address}) is not among the disks of the export: ${keys}`);
}

interface Download {
  readonly disk: VirtualDisk;
  readonly session: VimSession;
  readonly agents: Map<string, Agent>;
}

async function download(device: Xml, { disk, session, agents }: Download): Promise<IncomingMessage> {
  const url = new URL(demandText(device, 'url').replace('//*', `//${session.url.host}`));
  const pin = textOf(device, 'sslThumbprint')?.replaceAll(':', '').toUpperCase();
  const agent = agents.get(url.host) ?? trustingAgent(trustIn(url, { pin, session }));
  agents.set(url.host, agent);
  const answer = await send({ url, agent });
  if (answer.statusCode === 200) return answer;
  answer.destroy();
  throw new ExportLeaseError(`${url.host} answers the download of ${disk.label} with HTTP status ${answer.statusCode}`);
}

/** A host's certificate is the one that vCenter, which is trusted already, says it has. */
function trustIn({ host }: URL, { pin, session }: { pin: string | undefined; session: VimSession }) {
  if (host === session.url.host || !pin) return session.trust;
  return { pin };
}
