import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
} from '@aws-sdk/client-sfn';
import { ACCOUNT, REGION } from '../../scripts/permissions/templates.ts';
import { until } from '../support/start.ts';
import type { Deployment } from './deployment.ts';

/** Seconds that a step may take with everything else that a machine does. */
export const PATIENCE = 60;

export const machineArn = (name: string) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;

/** The execution of the machine whose name begins so, once there is one. */
export async function executionOf({ sfn }: Deployment, machine: string, name: string): Promise<string> {
  const { executions = [] } = await until(
    () => sfn.send(new ListExecutionsCommand({ stateMachineArn: machineArn(machine) })),
    ({ executions: all = [] }) => all.some((one) => one.name!.startsWith(name)),
    PATIENCE,
  );
  return executions.find((one) => one.name!.startsWith(name))!.executionArn!;
}

/** Longer than any other step: a whole migration may be in it. */
const LONGEST = 80;

export const ended = (deployed: Deployment, executionArn: string) =>
  until(
    () => deployed.sfn.send(new DescribeExecutionCommand({ executionArn })),
    ({ status }) => status !== 'RUNNING',
    LONGEST,
  ).catch(async (error: Error) => {
    throw new Error(`${executionArn} goes on: ${await statesOf(deployed, executionArn)}`, { cause: error });
  });

export async function historyOf({ sfn }: Deployment, executionArn: string): Promise<HistoryEvent[]> {
  const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }));
  return events;
}

/** The states that an execution entered, in order. */
export async function statesOf(deployed: Deployment, executionArn: string): Promise<string[]> {
  const events = await historyOf(deployed, executionArn);
  return events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
}

/** Runs while this function is refused everything, so that it fails. */
export async function whileBroken<T>({ iam }: Deployment, name: string, run: () => Promise<T>): Promise<T> {
  iam.broken.add(name);
  try {
    return await run();
  } finally {
    iam.broken.delete(name);
  }
}
