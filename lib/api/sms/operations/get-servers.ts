import type { GetServersRequest, GetServersResponse, VmServerAddress } from '@aws-sdk/client-sms';
import { hasServers } from '../../../domain/server-catalog.ts';
import type { Services } from '../../../ports.ts';
import { missingRequiredParameter } from '../../errors.ts';
import { findCatalog } from '../find.ts';
import { serverOutput } from '../outputs.ts';
import { readPage } from '../pages.ts';

export async function getServers(input: GetServersRequest, services: Services): Promise<GetServersResponse> {
  const catalog = await findCatalog(services);
  const about = { lastModifiedOn: new Date(catalog.lastModifiedOn), serverCatalogStatus: catalog.status };
  if (!hasServers(catalog)) return { ...about, serverList: [] };
  if (input.vmServerAddressList && input.vmServerAddressList.length > 0) {
    return { ...about, serverList: await serversAt(input.vmServerAddressList, services) };
  }
  const page = await readPage(
    { operation: 'GetServers', kind: 'Server', index: 'all', partition: 'all' },
    input,
    services,
  );
  return { ...about, serverList: page.items.map(serverOutput), nextToken: page.nextToken };
}

/** The servers at these addresses; an address where none is answers nothing. */
async function serversAt(addresses: readonly VmServerAddress[], { store }: Services) {
  const found = await Promise.all(
    addresses.map(async ({ vmManagerId, vmId }, index) => {
      if (!vmManagerId || !vmId)
        throw missingRequiredParameter(`vmServerAddressList[${index}]: vmManagerId and vmId are both required`);
      return (await store.query('Server', { index: 'byAddress', partition: `${vmManagerId}/${vmId}`, limit: 1 })).items;
    }),
  );
  return found.flat().map(serverOutput);
}
