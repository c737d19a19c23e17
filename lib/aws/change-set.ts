import {
  AlreadyExistsException,
  ChangeSetNotFoundException,
  type CloudFormationClient,
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  type DescribeChangeSetCommandOutput,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import { InvalidTemplateError } from '../ports.ts';
import { TransientError } from '../workflows/transient-error.ts';
import { type Pace, poll } from './poll.ts';

/** What CloudFormation says of a change set that would change nothing; there is no code for it. Source: aws-cli, `cloudformation deploy`. */
const NO_CHANGES = /didn't contain changes|No updates are to be performed/i;

type ChangeSetInput = CreateChangeSetCommandInput & { readonly StackName: string; readonly ChangeSetName: string };

/**
 * Begins to bring a stack to a template: makes the change set, waits until it is worked out, and executes it. A repeat finds the change set by its name
 * and goes on. Where there is nothing to change, the stack is left as it is.
 */
export async function updateByChangeSet(client: CloudFormationClient, input: ChangeSetInput, pace?: Pace) {
  const { StackName, ChangeSetName } = input;
  try {
    await client.send(new CreateChangeSetCommand({ ...input, ChangeSetType: 'UPDATE' }));
  } catch (error) {
    if (!(error instanceof AlreadyExistsException)) throw error;
  }
  const changeSet = await poll(() => workedOut(client, { StackName, ChangeSetName }), pace);
  if (!changeSet) throw new TransientError(`change set ${ChangeSetName} of ${StackName} is still being worked out`);
  if (changeSet.Status === 'FAILED') return refused(client, changeSet, { StackName, ChangeSetName });
  if (changeSet.ExecutionStatus !== 'AVAILABLE') return;
  await client.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName, ClientRequestToken: ChangeSetName }));
  await poll(() => begun(client, { StackName, ChangeSetName }), pace);
}

type ChangeSetName = { readonly StackName: string; readonly ChangeSetName: string };

/** The change set once CloudFormation knows what it would do. */
async function workedOut(client: CloudFormationClient, name: ChangeSetName) {
  const changeSet = await client.send(new DescribeChangeSetCommand(name));
  return changeSet.Status?.endsWith('COMPLETE') || changeSet.Status === 'FAILED' ? changeSet : undefined;
}

/** True once the stack has begun to change: until then it still has its former, complete status. */
async function begun(client: CloudFormationClient, name: ChangeSetName): Promise<true | undefined> {
  try {
    const { ExecutionStatus } = await client.send(new DescribeChangeSetCommand(name));
    return ExecutionStatus === 'AVAILABLE' ? undefined : true;
  } catch (error) {
    // Executed change sets are removed when the stack is complete.
    if (error instanceof ChangeSetNotFoundException) return true;
    throw error;
  }
}

async function refused(
  client: CloudFormationClient,
  { StatusReason = '' }: DescribeChangeSetCommandOutput,
  name: ChangeSetName,
) {
  await client.send(new DeleteChangeSetCommand(name));
  if (!NO_CHANGES.test(StatusReason)) throw new InvalidTemplateError(`stack ${name.StackName}: ${StatusReason}`);
}
