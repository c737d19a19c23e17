import type { DisassociateConnectorRequest, DisassociateConnectorResponse } from '@aws-sdk/client-sms';
import type { Connector, Transfer } from '../../../domain/entities.ts';
import { isEnded } from '../../../domain/replication-job.ts';
import { advance, onBehalfOf, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { eachPage } from '../../../store.ts';
import { transfersOf } from '../../connectors/claim.ts';
import { disabledKeys } from '../../connectors/keys.ts';
import { invalidParameter, operationNotPermitted } from '../../errors.ts';

/** Transfers that go on elsewhere at once, so that all is one transaction; any others do when their lease is over. */
const AT_ONCE = 45;

/**
 * Lets a connector go once the replications that it serves are over, or another can go on with them. Its keys are good for nothing from then on, and what it
 * was copying is another's.
 */
export async function disassociateConnector(
  { connectorId }: DisassociateConnectorRequest,
  services: Services,
): Promise<DisassociateConnectorResponse> {
  const { store, clock } = services;
  const connector = await store.get('Connector', connectorId!);
  if (!connector || connector.status === 'DISASSOCIATED')
    throw invalidParameter(`no connector ${connectorId}; GetConnectors lists those there are`);
  if (!(await hasColleague(connector, services))) await refuseServing(connector, services);
  const why = { at: clock.now(), reason: 'disassociated by the caller' };
  const claimed = await transfersOf(connector.vmManagerId, 'CLAIMED', services);
  const own = claimed.filter((transfer) => transfer.connectorId === connector.id);
  await store.transact([
    advance(unchanged('Connector', connector), ['Connector', 'DISASSOCIATED'], why),
    ...(await disabledKeys(connector.accessKeyId, services)),
    ...own.slice(0, AT_ONCE).map((transfer) => requeued(transfer, why)),
  ]);
  return {};
}

const requeued = (transfer: Transfer, { at }: { at: number }) =>
  onBehalfOf(
    transfer,
    advance(unchanged('Transfer', transfer), ['Transfer', 'QUEUED'], {
      at,
      reason: `connector ${transfer.connectorId} was disassociated`,
    }),
  );

/** Another connector of the same manager. */
async function hasColleague({ id, vmManagerId }: Connector, { store }: Services): Promise<boolean> {
  const { items } = await store.query('Connector', { index: 'all', partition: 'all' });
  return items.some((one) => one.id !== id && one.vmManagerId === vmManagerId && one.status === 'HEALTHY');
}

async function refuseServing(connector: Connector, { store }: Services) {
  for await (const jobs of eachPage(store, 'ReplicationJob', { index: 'all', partition: 'all' })) {
    const served = jobs.find(
      (job) => !isEnded(job) && job.vmServer.vmServerAddress.vmManagerId === connector.vmManagerId,
    );
    if (served)
      throw operationNotPermitted(
        `replication job ${served.id} uses connector ${connector.id}; delete the job first, or start another connector of ${connector.vmManagerName}`,
      );
  }
}
