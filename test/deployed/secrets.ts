import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { expect, test } from '@jest/globals';
import { synthesize } from '../../scripts/permissions/templates.ts';
import { type Deployment, SECRETS } from './deployment.ts';
import { historyOf, machineArn } from './executions.ts';

/** After all that was done: what is secret came out nowhere. */
export function secrets(deployment: () => Deployment) {
  const expectNone = (text: string) => {
    for (const secret of Object.values(SECRETS)) expect(text.includes(secret)).toBe(false);
  };

  test('stands in no template and in no function’s environment', () => {
    const templates = JSON.stringify(synthesize());
    expectNone(templates);
    // Nor does a template hold a value that should be one: secrets are made by Secrets Manager.
    expect(templates).not.toMatch(/"(SecretString|secretAccessKey)"\s*:/);
    const functions = deployment().resources.filter(({ type }) => type === 'AWS::Lambda::Function');
    for (const { properties } of functions) expectNone(JSON.stringify(properties.Environment));
  });

  test('stands in no log, nor does a task token, of which logs are full elsewhere', async () => {
    const logs = [...deployment().functions.values()].map(({ output }) => output).join('\n');
    expect(logs).toContain('task begins');
    expectNone(logs);
    for (const token of await taskTokens(deployment())) expect(logs.includes(token)).toBe(false);
  });

  test('stands in no event, nor does a task token', async () => {
    const events = JSON.stringify(deployment().events);
    expect(events).toContain('State Change');
    expectNone(events);
    for (const token of await taskTokens(deployment())) expect(events.includes(token)).toBe(false);
  });
}

/** Those of all transfers so far. */
async function taskTokens(deployed: Deployment): Promise<string[]> {
  const { executions = [] } = await deployed.sfn.send(
    new ListExecutionsCommand({ stateMachineArn: machineArn('replication-run') }),
  );
  const histories = await Promise.all(executions.map(({ executionArn }) => historyOf(deployed, executionArn!)));
  const scheduled = histories
    .flat()
    .flatMap(({ taskScheduledEventDetails }) => taskScheduledEventDetails?.parameters ?? []);
  const tokens = scheduled.map((text) => (JSON.parse(text) as { Payload: { taskToken: string } }).Payload.taskToken);
  expect(tokens.length).toBeGreaterThan(2);
  return tokens;
}
