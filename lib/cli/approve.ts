import { GetExecutionHistoryCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import type { Command } from './command.ts';
import { OF_THE_ENVIRONMENT, requiredEndpoint } from './endpoint.ts';
import { migrationArn } from './migration.ts';

export const approve: Command = {
  arguments: [{ name: 'MIGRATION', text: 'the migration, as `rehost migrate` prints it when it starts' }],
  options: {},
  notes: [OF_THE_ENVIRONMENT],
  examples: [{ line: 'rehost approve shop-migration-20260101T080000000Z' }],
  async run({ positionals: [given] }) {
    const name = given!;
    const endpoint = requiredEndpoint(process.env);
    const executionArn = await migrationArn(name, endpoint);
    const { events = [] } = await endpoint.sfn
      .send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 10 }))
      .catch((error: Error) => {
        if (error.name !== 'ExecutionDoesNotExist') throw error;
        throw new Error(`there is no migration ${name}; \`rehost events\` shows those there are`, { cause: error });
      });
    const waiting = events.find(({ type }) => type === 'TaskScheduled')?.taskScheduledEventDetails;
    const { Payload } = JSON.parse(waiting?.parameters ?? '{}') as { Payload?: { taskToken?: string } };
    if (!waiting?.resource?.endsWith('waitForTaskToken') || !Payload?.taskToken)
      throw new Error(`migration ${name} does not wait for approval now`);
    await endpoint.sfn.send(new SendTaskSuccessCommand({ taskToken: Payload.taskToken, output: '{"approved":true}' }));
    console.log(`${name} is approved`);
    return 0;
  },
};
