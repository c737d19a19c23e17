import { type App, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Observability } from './observability.ts';
import { Service } from './service.ts';
import { type RehostProps, UNTAGGED } from './settings.ts';
import { Workflows } from './workflows.ts';

/** The service as three stacks of an application; what they hold are the constructs that other applications use. */
export function rehostStacks(app: App, { env, ...props }: RehostProps & Pick<StackProps, 'env'> = {}) {
  const stack = (id: string, what: string) =>
    new Stack(app, id, { description: `Rehost: ${what}`, ...(env ? { env } : {}) });
  const service = new Service(stack('RehostService', 'the API, its table and its events'), 'Service', props);
  const workflows = new Workflows(stack('RehostWorkflows', 'the state machines and their tasks'), 'Workflows', {
    service,
  });
  const observability = new Observability(
    stack('RehostObservability', 'dashboard, alarms and messages'),
    'Observability',
    { service, workflows },
  );
  Tags.of(app).add('application', service.settings.name, UNTAGGED);
  return { service, workflows, observability };
}
