import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json } from '../../../lib/json.ts';
import { EXCHANGES } from './exchange.ts';
import { findPython, LineProgram, MODELS } from './python.ts';
import { PAGINATED, wireService } from './wire-service.ts';

interface Answer {
  readonly output?: Record<string, Json>;
  readonly pages?: readonly Record<string, Json>[];
  readonly error?: { readonly class: string; readonly message: string; readonly status: number };
}

const python = (command: string, environment: Readonly<Record<string, string>>) => ({
  ...findPython(command, 'boto3'),
  environment,
});
const pythons = [python('/usr/bin/python3', {}), python('python3', { AWS_DATA_PATH: MODELS })].filter(
  ({ version }, index, all) => all.findIndex((one) => one.version === version) === index,
);

for (const { command, module, version, missing, environment } of pythons) {
  if (missing)
    test.skip(`${module} at ${command}: skipped, since ${missing} (apt-get install python3-boto3)`, () => {});
  else describe(`${module} ${version}`, () => checks(command, environment));
}

function checks(command: string, environment: Readonly<Record<string, string>>) {
  let service: Awaited<ReturnType<typeof wireService>>;
  let program: LineProgram;
  let operations: readonly string[];

  beforeAll(async () => {
    service = await wireService();
    program = new LineProgram(command, 'boto3-client.py', { REHOST_ENDPOINT: service.url, ...environment });
    ({ operations } = await program.next<{ operations: string[] }>());
  });
  afterAll(() => {
    program.end();
    return service.close();
  });

  test('has the operations that are served, and no other', () => {
    expect([...operations].sort()).toEqual(EXCHANGES.map(({ operation }) => operation));
  });

  test.each(EXCHANGES)('$operation: every member goes there and back', async ({ operation, input, output }) => {
    service.answer('exchange');
    const { output: received, error } = await program.ask<Answer>({ operation, input });
    expect(error).toBeUndefined();
    const { ResponseMetadata, ...members } = received!;
    expect(members).toEqual(output);
    expect(ResponseMetadata).toMatchObject({ HTTPStatusCode: 200, RequestId: 'request-1' });
    expect(service.calls.at(-1)?.operation).toBe(operation);
  });

  test.each(PAGINATED)('$operation: the paginator reads each page once', async ({ operation, input }) => {
    service.answer('pages');
    const { pages = [] } = await program.ask<Answer>({ operation, input, paginate: true });
    const items = pages.flatMap((page) => Object.values(page).filter(Array.isArray)).flat();
    expect(items.flatMap((item) => Object.values(item as object))).toEqual(['first', 'second', 'third']);
  });

  test.each([
    ['InvalidParameterException', 400],
    ['OperationNotPermittedException', 400],
    ['ReplicationJobNotFoundException', 400],
    ['TemporarilyUnavailableException', 500],
    ['InternalError', 500],
    ['DryRunOperationException', 400],
  ])('%s arrives typed, with its message', async (error, status) => {
    service.answer({ error, status });
    const { error: received } = await program.ask<Answer>({
      operation: 'StartOnDemandReplicationRun',
      input: { replicationJobId: 'sms-job-1' },
    });
    expect(received).toEqual({ class: error, message: `message of ${error}`, status });
  });
}
