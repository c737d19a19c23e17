import type { App, ReplicationJob } from './domain/entities.ts';
import type { Services } from './ports.ts';

/** The jobs of the application's current pass of replication. */
export async function jobsOf(app: App, { store }: Pick<Services, 'store'>): Promise<ReplicationJob[]> {
  const jobs = await Promise.all(
    Object.values(app.replicationJobIds).map((jobId) => store.get('ReplicationJob', jobId)),
  );
  return jobs.filter((job) => job !== undefined);
}

/** The newest image of each server of the application that has one, by server. */
export async function latestImages(app: App, services: Pick<Services, 'store'>): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  for (const { serverId, latestAmiId } of await jobsOf(app, services)) {
    if (latestAmiId) images.set(serverId, latestAmiId);
  }
  return images;
}
