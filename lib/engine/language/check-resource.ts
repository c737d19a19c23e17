import type { Json } from '../../json.ts';
import { type Place, report } from './diagnostic.ts';

const WAIT = '.waitForTaskToken';

/** What a Task can ask for, and the patterns in which it can wait for the answer. */
const INTEGRATIONS: Readonly<Record<string, readonly string[]>> = {
  'lambda:invoke': ['', WAIT],
  'states:startExecution': ['', '.sync', '.sync:2', WAIT],
  'events:putEvents': ['', WAIT],
};

const FUNCTION = /^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?$/;
const ACTIVITY = /^arn:aws[\w-]*:states:[\w-]+:\d{12}:activity:[^\s:]+$/;
const INTEGRATION =
  /^arn:aws[\w-]*:states:[\w-]*:\d*:([\w-]+:(?:[\w-]+:)?[A-Za-z]+)(\.sync(?::2)?|\.waitForTaskToken)?$/;

/** Checks the resource of a Task: this engine runs Lambda functions, activities, nested executions and events. */
export function checkResource(resource: Json, place: Place) {
  if (typeof resource !== 'string') return report(place, 'Expected a string');
  const [, action, pattern = ''] = INTEGRATION.exec(resource) ?? [];
  if (place.type === 'EXPRESS' && pattern !== '') {
    return report(place, `Express state machine does not support '${pattern}' service integration `);
  }
  if (ACTIVITY.test(resource)) {
    if (place.type === 'EXPRESS') report(place, 'Express state machine does not support activities');
    return;
  }
  const isKnown = action !== undefined && INTEGRATIONS[action]?.includes(pattern);
  if (!isKnown && !FUNCTION.test(resource)) unknownResource(resource, place);
}

/** Refuses a resource that this engine does not have, in the words in which AWS refuses one that it does not. */
export const unknownResource = (resource: string, place: Place) =>
  report(
    place,
    `The resource provided ${resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`,
  );
