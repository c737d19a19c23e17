import type { DisassociateConnectorRequest, DisassociateConnectorResponse } from '@aws-sdk/client-sms';
import { isEnded } from '../../../domain/replication-job.ts';
import { advance, unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { eachPage } from '../../../store.ts';
import { invalidParameter, operationNotPermitted } from '../../errors.ts';

/** Lets a connector go once the replications that it serves are over. */
export async function disassociateConnector(
  { connectorId }: DisassociateConnectorRequest,
  { store, clock }: Services,
): Promise<DisassociateConnectorResponse> {
  const connector = await store.get('Connector', connectorId!);
  if (!connector || connector.status === 'DISASSOCIATED')
    throw invalidParameter(`no connector ${connectorId}; GetConnectors lists those there are`);
  for await (const jobs of eachPage(store, 'ReplicationJob', { index: 'all', partition: 'all' })) {
    const served = jobs.find(
      (job) => !isEnded(job) && job.vmServer.vmServerAddress.vmManagerId === connector.vmManagerId,
    );
    if (served)
      throw operationNotPermitted(`replication job ${served.id} uses connector ${connector.id}; delete the job first`);
  }
  await store.transact([
    advance(unchanged('Connector', connector), ['Connector', 'DISASSOCIATED'], {
      at: clock.now(),
      reason: 'disassociated by the caller',
    }),
  ]);
  return {};
}
