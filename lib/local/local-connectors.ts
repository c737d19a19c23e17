import type { Connectors, Target } from '../ports.ts';
import { forgetJob } from '../replication/forget-job.ts';
import type { EmbeddedConnector } from './embedded-connector.ts';

/** The connectors of this process. */
export function localConnectors(
  connectors: readonly EmbeddedConnector[],
  { stateFolder, target }: { stateFolder: string; target: Target },
): Connectors {
  return {
    async *inventory(connectorId) {
      const connector = connectors.find(({ id }) => id === connectorId);
      if (connector) yield* connector.source.inventory();
    },
    async *applications(connectorId) {
      const connector = connectors.find(({ id }) => id === connectorId);
      if (connector?.source.applications) yield* connector.source.applications();
    },
    async forgetJob(replicationJobId) {
      for (const connector of connectors) await connector.endJob(replicationJobId);
      await forgetJob(replicationJobId, stateFolder, target.snapshots);
      await target.removeJobSnapshots(replicationJobId);
    },
  };
}
