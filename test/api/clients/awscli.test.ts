import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EXCHANGES } from './exchange.ts';
import { findPython, LineProgram } from './python.ts';
import { PAGINATED, wireService } from './wire-service.ts';

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian's `awscli`, whose model of SMS is the last. */
const { version, missing } = findPython('/usr/bin/python3', 'awscli');
if (missing) test.skip(`aws: skipped, since ${missing} (apt-get install awscli)`, () => {});
else describe(`aws ${version}`, checks);

const commandOf = (operation: string) =>
  operation.replace(/[A-Z]/g, (letter, at) => `${at ? '-' : ''}${letter.toLowerCase()}`);

function checks() {
  let service: Awaited<ReturnType<typeof wireService>>;
  let program: LineProgram;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    const config = join(folder, 'config');
    writeFileSync(config, '[default]\ncli_timestamp_format = wire\noutput = json\ncli_pager =\nmax_attempts = 1\n');
    service = await wireService();
    program = new LineProgram('/usr/bin/python3', 'awscli-client.py', { AWS_CONFIG_FILE: config });
    await program.next();
  });
  afterAll(async () => {
    program.end();
    await service.close();
    rmSync(folder, { recursive: true });
  });

  const aws = (operation: string, input: object | null, ...options: string[]) =>
    program.ask<Answer>({
      arguments: [
        ...['sms', commandOf(operation), '--endpoint-url', service.url],
        ...(input && Object.keys(input).length > 0 ? ['--cli-input-json', JSON.stringify(input)] : []),
        ...options,
      ],
    });

  test.each(EXCHANGES)('$operation: every member goes there and back', async ({ operation, input, output }) => {
    service.answer('exchange');
    const pages = PAGINATED.some((listing) => listing.operation === operation) ? ['--no-paginate'] : [];
    const { status, stdout, stderr } = await aws(operation, input as object, ...pages);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout === '' ? {} : JSON.parse(stdout)).toEqual(output);
    expect(service.calls.at(-1)?.operation).toBe(operation);
  });

  test.each(PAGINATED)('$operation: all pages are read, each once', async ({ operation, input }) => {
    service.answer('pages');
    const { stdout } = await aws(operation, input);
    const [items] = Object.values(JSON.parse(stdout) as Record<string, object[]>);
    expect(items?.flatMap((item) => Object.values(item))).toEqual(['first', 'second', 'third']);
  });

  test.each([
    ['MissingRequiredParameterException', 400],
    ['ReplicationRunLimitExceededException', 400],
    ['TemporarilyUnavailableException', 500],
  ])('%s is told, with its message', async (error, status) => {
    service.answer({ error, status });
    const answer = await aws('StartOnDemandReplicationRun', { replicationJobId: 'sms-job-1' });
    expect(answer.status).toBe(254);
    expect(answer.stderr).toContain(
      `An error occurred (${error}) when calling the StartOnDemandReplicationRun operation`,
    );
    expect(answer.stderr).toContain(`: message of ${error}`);
  });
}
