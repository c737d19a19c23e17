import { expect, test } from '@jest/globals';
import { definitionOf, WORKFLOW_NAMES } from '../../lib/infra/definition.ts';
import { type Deployment, definitionIn } from './deployment.ts';
import { ended, machineArn, statesOf, whileBroken } from './executions.ts';

interface State {
  readonly Resource?: string;
  readonly Parameters?: { readonly FunctionName?: string };
  readonly Catch?: readonly { readonly Next: string }[];
}
type Definition = { readonly StartAt: string; readonly States: Readonly<Record<string, State>> };

/** Every state that catches, with the function that it calls. */
const CATCHES = WORKFLOW_NAMES.flatMap((workflow) =>
  Object.entries((JSON.parse(definitionOf(workflow)) as Definition).States)
    .filter(([, { Catch }]) => Catch)
    .map(([state, { Resource = '', Parameters, Catch }]) => ({
      workflow,
      state,
      calls: /\$\{(\w+)\}/.exec(Parameters?.FunctionName ?? Resource)![1]!,
      next: Catch![0]!.Next,
    })),
);

/** What any state may read of its input. Nothing of it exists: what the handlers of failures do to what exists, the other tests show. */
const INPUT = {
  appId: 'app-00000000000000000',
  replicationRunId: 'sms-run-00000000',
  replicationJobId: 'sms-job-00000000',
  action: 'START',
  cause: 'DELETED',
  endAt: '2026-01-01T00:00:00Z',
  startAt: '2026-01-01T00:00:00Z',
  schedule: 0,
  launchNumber: 1,
  importNumber: 0,
  appImportNumber: 0,
  app: { name: 'nothing', appId: 'app-00000000000000000' },
  serverGroups: [{ name: 'all', launchOrder: 1, servers: [{ name: 'nobody' }] }],
  transfer: { disks: [] },
  validation: {},
  template: { bucket: 'sms-app-123456789012-us-east-1', key: 'none', serverIds: [] },
  stack: { stackName: 'sms-app-00000000000000000', waitSeconds: 1, polls: 0 },
  validations: { waitSeconds: 1, polls: 0 },
};

/** The definition with another way in: no state may be out of reach. */
function entering({ StartAt, States, ...rest }: Definition, state: string) {
  const Choices = [{ Variable: '$.appId', IsPresent: true, Next: state }];
  return { ...rest, StartAt: 'Entry', States: { Entry: { Type: 'Choice', Choices, Default: StartAt }, ...States } };
}

/** Each Catch of the definitions as they ship: the machine begins at the state, its function is refused everything, and the machine goes on where it should. */
export function catches(deployment: () => Deployment) {
  test.each(CATCHES)('$workflow: $state goes to $next', async ({ workflow, state, calls, next }) => {
    const deployed = deployment();
    const machine = deployed.resources.find(({ properties }) => properties.StateMachineName === workflow)!;
    const definition = entering(JSON.parse(definitionIn(machine.properties)) as Definition, state);
    const name = `${workflow}-${state}`;
    const roleArn = machine.properties.RoleArn as string;
    await deployed.engine.call('CreateStateMachine', { name, roleArn, definition: JSON.stringify(definition) });
    const input = JSON.stringify(INPUT);
    const started = (await whileBroken(deployed, calls, async () => {
      const execution = (await deployed.engine.call('StartExecution', {
        stateMachineArn: machineArn(name),
        input,
      })) as {
        executionArn: string;
      };
      await ended(deployed, execution.executionArn);
      return execution;
    })) as { executionArn: string };
    expect((await statesOf(deployed, started.executionArn)).slice(1, 3)).toEqual([state, next]);
    // What handles the failure does its work: it is not broken.
    expect(await ended(deployed, started.executionArn)).not.toMatchObject({ error: 'Runtime.ExitError' });
  });
}
