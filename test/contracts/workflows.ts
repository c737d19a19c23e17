import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Workflows } from '../../lib/ports.ts';

/** The machine that the contract starts: it asks its function with a task token, or waits for an hour where the input says so. */
export const WORKFLOW = 'catalog-import';
export const definition = (functionArn: string) => ({
  StartAt: 'Which',
  States: {
    Which: {
      Type: 'Choice',
      Choices: [{ Variable: '$.ask', BooleanEquals: true, Next: 'Ask' }],
      Default: 'Wait',
    },
    Wait: { Type: 'Wait', Seconds: 3_600, End: true },
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: functionArn, Payload: { 'token.$': '$$.Task.Token' } },
      End: true,
    },
  },
});

export interface OpenWorkflows {
  readonly workflows: Workflows;
  /** The status of an execution, and what it answered or failed with. */
  execution(
    name: string,
  ): Promise<{ status: string; output?: string | undefined; error?: string | undefined; cause?: string | undefined }>;
  /** The next task token that the machine's function was given; undefined where functions cannot be run. */
  nextToken: (() => Promise<string>) | undefined;
  close(): Promise<void>;
}

export function workflowsContract(open: () => Promise<OpenWorkflows>, { tokens }: { tokens: boolean }) {
  let opened: OpenWorkflows;
  let run = 0;
  const name = () => `contract-${process.pid}-${++run}`;

  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  test('starts an execution once, whatever a second start says', async () => {
    const execution = name();
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: false } });
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: false } });
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: false, more: 1 } });
    expect((await opened.execution(execution)).status).toBe('RUNNING');
    await opened.workflows.stop(WORKFLOW, execution, 'over');
  });

  test('stops an execution, and does nothing when it has ended or never was', async () => {
    const execution = name();
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: false } });
    await opened.workflows.stop(WORKFLOW, execution, 'not wanted');
    expect((await opened.execution(execution)).status).toBe('ABORTED');
    await opened.workflows.stop(WORKFLOW, execution, 'not wanted');
    await opened.workflows.stop(WORKFLOW, name(), 'never was');
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: false } });
    expect((await opened.execution(execution)).status).toBe('ABORTED');
  });

  if (!tokens) return;

  test('answers a task once, and tells when nobody waits any more', async () => {
    const execution = name();
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: true } });
    const token = await opened.nextToken!();
    expect(await opened.workflows.heartbeat(token)).toBe(true);
    expect(await opened.workflows.succeedTask(token, { disks: 2 })).toBe(true);
    expect(await opened.workflows.succeedTask(token, { disks: 3 })).toBe(false);
    expect(await opened.workflows.heartbeat(token)).toBe(false);
    const { status, output } = await opened.execution(execution);
    expect([status, JSON.parse(output!)]).toEqual(['SUCCEEDED', { disks: 2 }]);
  });

  test('fails a task with its error and cause', async () => {
    const execution = name();
    await opened.workflows.start(WORKFLOW, execution, { input: { ask: true } });
    const token = await opened.nextToken!();
    expect(await opened.workflows.failTask(token, { error: 'DiskGone', cause: 'it is not there' })).toBe(true);
    expect(await opened.execution(execution)).toMatchObject({
      status: 'FAILED',
      error: 'DiskGone',
      cause: 'it is not there',
    });
    expect(await opened.workflows.failTask(token, { error: 'E', cause: '' })).toBe(false);
  });

  test('nobody waits for a token that was never given', async () => {
    expect(await opened.workflows.succeedTask('never', {})).toBe(false);
    expect(await opened.workflows.failTask('never', { error: 'E', cause: '' })).toBe(false);
    expect(await opened.workflows.heartbeat('never')).toBe(false);
  });
}
