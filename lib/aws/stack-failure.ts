import { type CloudFormationClient, paginateDescribeStackEvents, type Stack } from '@aws-sdk/client-cloudformation';

/** What happened to resources because another one had failed. */
const CONSEQUENCE = /cancell?ed/i;

/** Why a stack failed or was rolled back: its events say which resource was the first that could not be made, the stack itself only that there was one. */
export async function failureOf(client: CloudFormationClient, stack: Stack): Promise<string | undefined> {
  if (!/FAILED|ROLLBACK/.test(stack.StackStatus ?? '')) return undefined;
  let first: string | undefined;
  // The newest event comes first.
  for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client }, { StackName: stack.StackId! })) {
    for (const {
      ResourceStatus = '',
      ResourceStatusReason = '',
      LogicalResourceId,
      PhysicalResourceId,
    } of StackEvents) {
      if (PhysicalResourceId === stack.StackId && /^(CREATE|UPDATE|DELETE)_IN_PROGRESS$/.test(ResourceStatus))
        return first;
      if (
        ResourceStatus.endsWith('_FAILED') &&
        PhysicalResourceId !== stack.StackId &&
        !CONSEQUENCE.test(ResourceStatusReason)
      )
        first = `${LogicalResourceId}: ${ResourceStatusReason}`;
    }
  }
  return first;
}
