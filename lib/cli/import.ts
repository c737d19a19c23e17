import { setTimeout as sleep } from 'node:timers/promises';
import { GetServersCommand, ImportServerCatalogCommand, paginateGetServers, type SMSClient } from '@aws-sdk/client-sms';
import type { Command } from './command.ts';
import { OF_THE_ENVIRONMENT, requiredEndpoint } from './endpoint.ts';

export const importCatalog: Command = {
  options: {},
  notes: [
    'Each line has the server’s id, its name, its path at the source, and its replication job if it has one.',
    OF_THE_ENVIRONMENT,
  ],
  examples: [{ line: 'rehost import' }],
  async run() {
    const { sms } = requiredEndpoint(process.env);
    await importServers(sms);
    let count = 0;
    for await (const { serverList = [] } of paginateGetServers({ client: sms }, {})) {
      for (const { serverId, vmServer, replicationJobId } of serverList)
        console.log([serverId, vmServer?.vmName, vmServer?.vmPath, replicationJobId ?? ''].join('\t'));
      count += serverList.length;
    }
    console.log(`${count} servers in the catalog`);
    return 0;
  },
};

/** Imports the server catalog and waits for its end. */
export async function importServers(sms: SMSClient): Promise<void> {
  await sms.send(new ImportServerCatalogCommand({}));
  for (;;) {
    const { serverCatalogStatus } = await sms.send(new GetServersCommand({ maxResults: 1 }));
    if (serverCatalogStatus === 'AVAILABLE') return;
    if (serverCatalogStatus !== 'IMPORTING')
      throw new Error(`the import failed: the catalog is ${serverCatalogStatus}; \`rehost events\` tells why`);
    await sleep(100);
  }
}
