/** `@aws-sdk/client-sfn` and the `aws` command as they are, on `rehost up` with signatures and on `rehost engine` without. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sfn from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { OPERATIONS } from '../../../lib/engine/api/operations.ts';
import { findPython, LineProgram } from '../../api/clients/python.ts';
import { start } from '../../support/start.ts';
import { engineProcess } from '../support/engine-process.ts';
import { basics, type Call, later, mapRuns, workers } from './flow.ts';

interface Place {
  readonly url: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  end(): Promise<void>;
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  async 'rehost up'() {
    const { rehost, end } = await start({ servers: ['one'] });
    return { url: rehost.url, credentials: rehost.accessKey, end };
  },
  async 'rehost engine'() {
    return { ...(await engineProcess()), credentials: { accessKeyId: 'any', secretAccessKey: 'any' } };
  },
};

type Send = (command: unknown) => Promise<object>;

const { version, missing } = findPython('/usr/bin/python3', 'awscli');
if (missing) console.warn(`the aws command is not tried: ${missing} (apt-get install awscli)`);
const withAws = missing ? test.skip : test;

describe.each(Object.keys(PLACES))('on %s', (name) => {
  let place: Place;
  let client: sfn.SFNClient;
  let folder: string;
  let program: LineProgram | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    place = await PLACES[name]!();
    const { url: endpoint, credentials } = place;
    // The operations below have hosts of their own on AWS: `sync-…`, which no loopback address has.
    client = new sfn.SFNClient({ endpoint, credentials, region: 'us-east-1', maxAttempts: 1, disableHostPrefix: true });
    if (!missing) program = await cli(place, folder);
  });
  afterAll(async () => {
    program?.end();
    client?.destroy();
    await place?.end();
    rmSync(folder, { recursive: true });
  });

  const asked = new Set<string>();
  const sdk: Call = (operation, input) => {
    asked.add(operation);
    const Command = (sfn as unknown as Record<string, new (input: object) => object>)[`${operation}Command`]!;
    return (client.send as unknown as Send)(new Command(input));
  };
  const aws: Call = (operation, input) => asAws(program!, { operation, input, url: place.url });

  test('the SDK calls every operation', async () => {
    await Promise.all([basics(sdk, 'a'), workers(sdk, 'b'), mapRuns(sdk, 'c'), later(sdk, 'd')]);
    const left = Object.keys(OPERATIONS).filter((operation) => !asked.has(operation));
    if (left.length > 0) throw new Error(`not called: ${left.join(', ')}`);
  });

  // Each of its calls takes a tenth of a second: what one place is asked, the other need not be.
  withAws(`aws ${version} does what it knows`, () =>
    name === 'rehost up' ? basics(aws, 'e') : workers(aws, 'f').then(() => mapRuns(aws, 'g')),
  );
});

async function cli({ credentials }: Place, folder: string): Promise<LineProgram> {
  const config = join(folder, 'config');
  writeFileSync(config, '[default]\ncli_timestamp_format = iso8601\noutput = json\ncli_pager =\nmax_attempts = 1\n');
  const program = new LineProgram('/usr/bin/python3', 'awscli-client.py', {
    AWS_CONFIG_FILE: config,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  await program.next();
  return program;
}

async function asAws(
  program: LineProgram,
  { operation, input, url }: { operation: string; input: object; url: string },
) {
  const command = operation.replace(/[A-Z]/g, (letter, at) => `${at ? '-' : ''}${letter.toLowerCase()}`);
  const { stdout, stderr } = await program.ask<{ stdout: string; stderr: string }>({
    arguments: ['stepfunctions', command, '--endpoint-url', url, '--cli-input-json', JSON.stringify(input)],
  });
  if (stderr !== '') throw Object.assign(new Error(stderr), { name: /\((\w+)\)/.exec(stderr)?.[1] ?? 'Error' });
  return stdout === '' ? {} : JSON.parse(stdout);
}
