import type { DomainEvent } from '../domain/events.ts';
import type { Metric } from './metrics.ts';

/** Machines whose transitions are counted; others would cost a metric for each of their states. */
const COUNTED = ['Migration State Change', 'Replication Run State Change', 'Replication Job State Change'];
const IMAGE = 'Image State Change';

/** How many entities came into each state, and how many bytes of disks became images. */
export function transitionMetrics(events: readonly DomainEvent[]): Metric[] {
  const counts = new Map<string, Metric>();
  for (const { detailType, detail } of events) {
    if (!COUNTED.includes(detailType)) continue;
    const dimensions = { Machine: detailType.replace(' State Change', ''), State: detail.to as string };
    const key = Object.values(dimensions).join('/');
    const value = (counts.get(key)?.value ?? 0) + 1;
    counts.set(key, { name: 'Transitions', unit: 'Count', value, dimensions });
  }
  const bytes = events
    .filter(({ detailType, detail }) => detailType === IMAGE && detail.to === 'AVAILABLE')
    .reduce((sum, { detail }) => sum + ((detail.bytes as number | undefined) ?? 0), 0);
  const images: Metric[] =
    bytes > 0 ? [{ name: 'ImageBytes', unit: 'Bytes', value: bytes, dimensions: { Machine: 'Image' } }] : [];
  return [...counts.values(), ...images];
}
