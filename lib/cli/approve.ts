import { GetExecutionHistoryCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { type Command, UsageError } from './command.ts';
import { requiredEndpoint } from './endpoint.ts';
import { migrationArn } from './migration.ts';

export const approve: Command = {
  usage: 'rehost approve MIGRATION',
  options: {},
  async run({ positionals: [name] }) {
    if (!name) throw new UsageError('name the migration; `rehost migrate` prints it');
    const endpoint = requiredEndpoint(process.env);
    const executionArn = await migrationArn(name, endpoint);
    const { events = [] } = await endpoint.sfn.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 10 }),
    );
    const waiting = events.find(({ type }) => type === 'TaskScheduled')?.taskScheduledEventDetails;
    const { Payload } = JSON.parse(waiting?.parameters ?? '{}') as { Payload?: { taskToken?: string } };
    if (!waiting?.resource?.endsWith('waitForTaskToken') || !Payload?.taskToken)
      throw new Error(`migration ${name} does not wait for approval now`);
    await endpoint.sfn.send(new SendTaskSuccessCommand({ taskToken: Payload.taskToken, output: '{"approved":true}' }));
    console.log(`${name} is approved`);
    return 0;
  },
};
