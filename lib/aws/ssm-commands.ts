import { DescribeTagsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import {
  type CommandInvocationStatus,
  GetCommandInvocationCommand,
  ListTagsForResourceCommand,
  paginateListCommands,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { CommandRefusedError, type CommandResult, type CommandSpec, type Commands } from '../ports.ts';
import { TransientError } from '../workflows/transient-error.ts';

/** Tags by which an instance says that it takes validation scripts; the model has one spelling, SMS's policy the other. Source: facts of AWS SMS, 6.2. */
const CONSENT = ['UserForSMSApplicationValidation', 'UseForSMSApplicationValidation'];
/** Commands of the last day are looked through for one that an earlier attempt sent. */
const DAY = 86_400_000;

/** Scripts on instances that Systems Manager manages, by the document that SMS used. Source: ServerMigration_ServiceRole. */
export function ssmCommands(
  { ssm, ec2 }: { ssm: SSMClient; ec2: EC2Client },
  { region, now }: { region: string; now: () => number },
): Commands {
  return {
    async send(spec) {
      if (!(await consents(spec.instanceId, { ssm, ec2 }))) {
        throw new CommandRefusedError(
          `instance ${spec.instanceId} does not take validation scripts; give it the tag ${CONSENT[0]} = true`,
        );
      }
      const commandId = (await sentBefore(spec, { ssm, now })) ?? (await sent(spec, { ssm, region }));
      return { commandId };
    },
    result: (command) => resultOf(command, ssm),
  };
}

async function consents(instanceId: string, { ssm, ec2 }: { ssm: SSMClient; ec2: EC2Client }): Promise<boolean> {
  const tags = instanceId.startsWith('mi-')
    ? (await ssm.send(new ListTagsForResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: instanceId })))
        .TagList
    : (await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [instanceId] }] }))).Tags;
  return (tags ?? []).some(({ Key, Value }) => CONSENT.includes(Key ?? '') && Value === 'true');
}

/** SendCommand has no client token: a command's comment holds ours, so that a repeat finds what the first attempt sent. */
async function sentBefore(
  { token, instanceId }: CommandSpec,
  { ssm, now }: { ssm: SSMClient; now: () => number },
): Promise<string | undefined> {
  const after = new Date(now() - DAY).toISOString().replace(/\.\d+/, '');
  const request = { InstanceId: instanceId, Filters: [{ key: 'InvokedAfter' as const, value: after }] };
  for await (const { Commands: commands = [] } of paginateListCommands({ client: ssm }, request)) {
    const command = commands.find(({ Comment }) => Comment === token);
    if (command) return command.CommandId;
  }
  return undefined;
}

async function sent(spec: CommandSpec, { ssm, region }: { ssm: SSMClient; region: string }): Promise<string> {
  const { source, output, timeoutSeconds } = spec;
  const path = `https://s3.${region}.amazonaws.com/${source.bucket}/${source.key}`;
  try {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        DocumentName: 'AWS-RunRemoteScript',
        InstanceIds: [spec.instanceId],
        Comment: spec.token,
        OutputS3BucketName: output.bucket,
        OutputS3KeyPrefix: output.key,
        Parameters: {
          sourceType: ['S3'],
          sourceInfo: [JSON.stringify({ path })],
          commandLine: [spec.command],
          executionTimeout: [String(timeoutSeconds)],
        },
      }),
    );
    return Command!.CommandId!;
  } catch (error) {
    if ((error as Error).name !== 'InvalidInstanceId') throw error;
    throw new CommandRefusedError(
      `Systems Manager does not manage instance ${spec.instanceId}, or its agent is silent`,
    );
  }
}

const RUNNING: readonly (CommandInvocationStatus | undefined)[] = ['Pending', 'InProgress', 'Delayed', 'Cancelling'];

async function resultOf(
  { commandId, instanceId }: { commandId: string; instanceId: string },
  ssm: SSMClient,
): Promise<CommandResult> {
  try {
    const { Status, StatusDetails, StandardOutputContent, StandardErrorContent, StandardOutputUrl } = await ssm.send(
      new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
    );
    if (RUNNING.includes(Status)) return { status: 'IN_PROGRESS' };
    const output = locationOf(StandardOutputUrl);
    const text = (Status === 'Success' ? StandardOutputContent : StandardErrorContent || StandardOutputContent)?.trim();
    const message = Status === 'Success' ? text : [StatusDetails, text].filter(Boolean).join(': ');
    return {
      status: Status === 'Success' ? 'SUCCEEDED' : 'FAILED',
      ...(message ? { message } : {}),
      ...(output ? { output } : {}),
    };
  } catch (error) {
    // Just after it was sent, an invocation is not there yet. Source: SSM API reference, GetCommandInvocation.
    if ((error as Error).name !== 'InvocationDoesNotExist') throw error;
    throw new TransientError(`command ${commandId} is not on instance ${instanceId} yet`, { cause: error });
  }
}

/** Bucket and key of `https://s3.REGION.amazonaws.com/BUCKET/KEY`. */
function locationOf(url: string | undefined) {
  const [, bucket, key] = /^https:\/\/s3[^/]*\/([^/]+)\/(.+)$/.exec(url ?? '') ?? [];
  return bucket && key ? { bucket, key: decodeURIComponent(key) } : undefined;
}
