import { activity } from './activity.ts';
import { putEvents } from './events.ts';
import type { Integration } from './integration.ts';
import { lambdaFunction, lambdaInvoke } from './lambda.ts';
import { startExecution } from './states.ts';

/** What a Task's resource begins with, and who does the work. Definitions with any other resource are refused when they are created. */
const INTEGRATIONS: readonly (readonly [RegExp, Integration])[] = [
  [/^arn:[^:]+:states:::lambda:invoke(\.waitForTaskToken)?$/, lambdaInvoke],
  [/^arn:[^:]+:states:::states:startExecution(\.sync(:2)?|\.waitForTaskToken)?$/, startExecution],
  [/^arn:[^:]+:states:::events:putEvents(\.waitForTaskToken)?$/, putEvents],
  [/^arn:[^:]+:states:[^:]+:\d*:activity:/, activity],
  [/^arn:[^:]+:lambda:[^:]+:\d*:function:/, lambdaFunction],
];

export function integrationOf(resource: string): Integration {
  const found = INTEGRATIONS.find(([pattern]) => pattern.test(resource));
  if (!found) throw new Error(`no integration for ${resource}; its definition should have been refused`);
  return found[1];
}
