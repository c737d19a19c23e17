import type { Json } from '../../json.ts';
import type { HistoryEvent } from '../execution.ts';
import { findStandard } from './executions.ts';
import { type EngineOperation, paged, seconds } from './service.ts';

export const getExecutionHistory: EngineOperation = (input, service) => {
  const { executionArn, events: count } = findStandard(input.executionArn as string, service);
  const reverse = input.reverseOrder === true;
  const withData = input.includeExecutionData !== false;
  const { entries: events, ...rest } = paged<HistoryEvent>(input, {
    rows: (limit, place) =>
      service.store.events({
        executionArn,
        after: place === undefined ? (reverse ? count + 1 : 0) : Number(place),
        limit,
        reverse,
      }),
    entry: ({ timestamp, ...event }) =>
      ({ ...(withData ? event : withoutData(event)), timestamp: seconds(timestamp) }) as unknown as Json,
    place: ({ id }) => id,
    more: ({ id }) => (reverse ? id > 1 : id < count),
  });
  return { events, ...rest };
};

const DATA = [
  'input',
  'inputDetails',
  'output',
  'outputDetails',
  'parameters',
  'assignedVariables',
  'assignedVariablesDetails',
];

/** The same without what the execution worked on. */
const withoutData = (event: object): object =>
  Object.fromEntries(
    Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).filter(([member]) => !DATA.includes(member)))
        : value,
    ]),
  );
