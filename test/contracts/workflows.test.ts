import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { describe } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { stepFunctionsWorkflows } from '../../lib/aws/step-functions-workflows.ts';
import type { Json } from '../../lib/json.ts';
import { serveEngine } from '../../lib/local/engine-server.ts';
import { engineWorkflows } from '../../lib/local/engine-workflows.ts';
import { bed, lambda, STATES } from '../engine/support/bed.ts';
import { describeOnMoto, openAws } from '../support/aws.ts';
import { definition, WORKFLOW, workflowsContract } from './workflows.ts';

/** An engine with the contract's machine, and the tokens that its function was given. */
async function openEngine() {
  const given: string[] = [];
  const opened = bed({
    ask: async (input) => {
      given.push((input as { token: string }).token);
      return null;
    },
  });
  await opened.create(WORKFLOW, definition(lambda('ask')));
  const execution = async (name: string) => {
    await opened.engine.idle();
    const executionArn = `${STATES}:execution:${WORKFLOW}:${name}`;
    return (await opened.call('DescribeExecution', { executionArn })) as { status: string } & Record<string, Json>;
  };
  const nextToken = async () => {
    await opened.engine.idle();
    return given.shift()!;
  };
  return { ...opened, execution: execution as never, nextToken };
}

describe('engineWorkflows', () => {
  workflowsContract(
    async () => {
      const { engine, execution, nextToken } = await openEngine();
      const workflows = engineWorkflows(engine, { account: '000000000000', region: 'us-east-1' });
      return { workflows, execution, nextToken, close: () => engine.stop() };
    },
    { tokens: true },
  );
});

describe('stepFunctionsWorkflows on the embedded engine, over HTTP', () => {
  workflowsContract(
    async () => {
      const { engine, execution, nextToken } = await openEngine();
      const server = await serveEngine(engine, { port: 0 });
      const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
      const client = awsClient(SFNClient, { endpoint: server.url, region: 'us-east-1', credentials });
      return {
        workflows: stepFunctionsWorkflows(client, STATES),
        execution,
        nextToken,
        async close() {
          await server.close();
          await engine.stop();
        },
      };
    },
    { tokens: true },
  );
});

// moto runs no states: it takes any token, so that its answers to tokens say nothing.
describeOnMoto('stepFunctionsWorkflows', () => {
  workflowsContract(
    async () => {
      const account = await openAws();
      const client = awsClient(SFNClient, account.config);
      const { stateMachineArn } = await client.send(
        new CreateStateMachineCommand({
          name: WORKFLOW,
          definition: JSON.stringify(definition(lambda('ask'))),
          roleArn: 'arn:aws:iam::123456789012:role/contract',
        }),
      );
      const prefix = stateMachineArn!.split(':stateMachine:')[0]!;
      return {
        workflows: stepFunctionsWorkflows(client, prefix),
        execution: async (name) =>
          (await client.send(
            new DescribeExecutionCommand({ executionArn: `${prefix}:execution:${WORKFLOW}:${name}` }),
          )) as { status: string },
        nextToken: undefined,
        async close() {
          await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
          await account.close();
        },
      };
    },
    { tokens: false },
  );
});
