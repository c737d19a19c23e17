import { setTimeout as sleep } from 'node:timers/promises';
import { GetServersCommand, ImportServerCatalogCommand, paginateGetServers, type SMSClient } from '@aws-sdk/client-sms';
import type { Command } from './command.ts';
import { requiredEndpoint } from './endpoint.ts';

export const importCatalog: Command = {
  usage: 'rehost import',
  options: {},
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
