import type { GetConnectorsRequest, GetConnectorsResponse } from '@aws-sdk/client-sms';
import type { Services } from '../../../ports.ts';
import { connectorOutput } from '../outputs.ts';
import { readPage } from '../pages.ts';

export async function getConnectors(input: GetConnectorsRequest, services: Services): Promise<GetConnectorsResponse> {
  const page = await readPage(
    { operation: 'GetConnectors', kind: 'Connector', index: 'all', partition: 'all' },
    input,
    services,
  );
  return { connectorList: page.items.map(connectorOutput), nextToken: page.nextToken };
}
