import { setTimeout as sleep } from 'node:timers/promises';
import { progressText } from '../domain/run-progress.ts';
import { type Command, UsageError } from './command.ts';
import { fetchEvents, OF_THE_ENVIRONMENT, requiredEndpoint } from './endpoint.ts';

/** Milliseconds between two looks for new events. */
const INTERVAL = 500;

export const events: Command = {
  options: {
    follow: { type: 'boolean', text: 'goes on with new ones until it is stopped' },
    after: {
      type: 'string',
      value: 'POSITION',
      default: '0',
      text: 'begins behind that position, the number at the beginning of each line',
    },
    json: { type: 'boolean', text: 'prints each as EventBridge would deliver it, one JSON document a line' },
  },
  notes: [OF_THE_ENVIRONMENT],
  examples: [{ line: 'rehost events --follow' }, { line: 'rehost events --after 1200 --json' }],
  async run({ values }) {
    const endpoint = requiredEndpoint(process.env);
    let position = Number(values.after);
    if (!Number.isSafeInteger(position) || position < 0)
      throw new UsageError(
        `--after ${values.after}: give the position of an event, the number at the beginning of its line`,
      );
    for (;;) {
      const page = await fetchEvents(endpoint, position);
      for (const { position: at, event } of page) {
        console.log(values.json ? JSON.stringify(event) : lineOf(at, event));
        position = at;
      }
      if (page.length > 0) continue;
      if (!values.follow) return 0;
      await sleep(INTERVAL);
    }
  },
};

function lineOf(
  position: number,
  {
    time,
    'detail-type': detailType,
    detail,
  }: { time: string; 'detail-type': string; detail: Readonly<Record<string, unknown>> },
): string {
  const what = detail.to
    ? `${detail.entity} ${detail.from ?? '·'} → ${detail.to}${detail.reason ? `  (${detail.reason})` : ''}`
    : detail.stage
      ? `${detail.entity} ${detail.percent}% ${progressText(detail)}`
      : JSON.stringify(detail);
  return `${String(position).padStart(6)}  ${time}  ${detailType.padEnd(34)}  ${what}`;
}
