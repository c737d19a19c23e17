import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EBSClient } from '@aws-sdk/client-ebs';
import { EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateReplicationJobCommand,
  GetReplicationRunsCommand,
  GetServersCommand,
  ImportServerCatalogCommand,
  type SMSClient,
} from '@aws-sdk/client-sms';
import { jsonCall } from '../../lib/agent/json-call.ts';
import { ebsSnapshots } from '../../lib/aws/ebs-snapshots.ts';
import { ec2Snapshots } from '../../lib/aws/ec2-snapshots.ts';
import type { Endpoint } from '../../lib/cli/endpoint.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import { BLOCK_SIZE } from '../../lib/snapshots.ts';
import { until } from './until.ts';

export type Place = Pick<Endpoint, 'url' | 'region' | 'credentials'>;

/** One of Rehost's own operations for connectors. */
export const admin = ({ url, region, credentials }: Place, operation: string, body: object = {}): Promise<object> =>
  jsonCall({ endpoint: url, region, credentials, target: `Rehost.${operation}`, body, patience: 10_000 });

export const activationCode = async (place: Place) =>
  ((await admin(place, 'CreateActivationCode')) as { code: string }).code;

/** A disk of so many blocks, each with bytes of its own, written whole. */
export function writeBlocks(source: string, server: string, blocks: number) {
  mkdirSync(join(source, server), { recursive: true });
  const bytes = Buffer.alloc(blocks * BLOCK_SIZE);
  for (let block = 0; block < blocks; block++) bytes.write(`block ${block} of ${server}`, block * BLOCK_SIZE);
  writeFileSync(join(source, server, 'disk.img'), bytes);
}

/** Imports the catalog; answers the servers' ids by name. */
export async function importedServers(sms: SMSClient): Promise<Map<string, string>> {
  await sms.send(new ImportServerCatalogCommand({}));
  const { serverList = [] } = await until(
    () => sms.send(new GetServersCommand({})),
    ({ serverCatalogStatus }) => serverCatalogStatus === 'AVAILABLE',
  );
  return new Map(serverList.map(({ serverId, vmServer }) => [vmServer!.vmName!, serverId!]));
}

/** A job that runs once, now. */
export const replicate = async (sms: SMSClient, serverId: string, more: object = { runOnce: true }) =>
  (await sms.send(new CreateReplicationJobCommand({ serverId, seedReplicationTime: new Date(), ...more })))
    .replicationJobId!;

/** The last run of a job that is not planned. */
export async function lastRun(sms: SMSClient, replicationJobId: string) {
  const { replicationRunList = [] } = await sms.send(new GetReplicationRunsCommand({ replicationJobId }));
  return replicationRunList.find(({ state }) => state !== 'PENDING');
}

export const runEnded = (sms: SMSClient, replicationJobId: string, seconds = 30) =>
  until(
    () => lastRun(sms, replicationJobId),
    (run) => run !== undefined && run.state !== 'ACTIVE',
    seconds,
  );

/** The snapshots behind an endpoint, as any client of EBS direct reaches them. */
export function snapshotsAt({ url, region, credentials }: Place) {
  const config = { endpoint: url, region, credentials, maxAttempts: 1 };
  return ebsSnapshots({
    ebs: new EBSClient(config),
    ec2: ec2Snapshots(new EC2Client(config)),
    clock: systemClock,
    random: Math.random,
  });
}
