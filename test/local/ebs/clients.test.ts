import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findPython } from '../../api/clients/python.ts';
import { type Bed, block, contentOf, KEY, linearOf, openBed, sha256 } from './bed.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await openBed();
});
afterEach(() => bed.close());

/** Runs a program against the endpoint; answers what it prints. */
async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, {
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      PYTHONWARNINGS: 'ignore',
      REHOST_ENDPOINT: bed.url,
      AWS_ACCESS_KEY_ID: KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    text.out += data;
  });
  child.stderr.on('data', (data) => {
    text.err += data;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${text.err}`);
  return text.out;
}

const pythons = ['/usr/bin/python3', 'python3']
  .map((command) => findPython(command, 'boto3'))
  .filter(({ version }, index, all) => all.findIndex((one) => one.version === version) === index);

for (const { command, version, missing } of pythons) {
  if (missing) test.skip(`boto3: skipped, since ${missing} (apt-get install python3-boto3)`, () => {});
  else
    test(`boto3 ${version} at ${command} writes, lists, compares and reads snapshots`, async () => {
      const printed = await run(command, [join(import.meta.dirname, 'boto3-scenario.py')]);
      expect(JSON.parse(printed)).toEqual({
        first: { 0: 'a', 3: 'b' },
        second: { 0: 'a', 3: 'B', 5: '\0' },
        changed: [3, 5],
        state: ['completed', 1, [{ Key: 'by', Value: 'boto3' }]],
        errors: [
          ['ValidationException', 'INVALID_PARAMETER_VALUE', 400],
          ['ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND', 404],
          ['InvalidSnapshot.NotFound', null, 400],
        ],
      });
    });
}

const awscli = findPython('/usr/bin/python3', 'awscli');
if (awscli.missing) test.skip(`aws ebs: skipped, since ${awscli.missing} (apt-get install awscli)`, () => {});
else
  test(`aws ebs ${awscli.version} writes, lists and reads a snapshot`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    const file = join(folder, 'block');
    writeFileSync(file, block('a'));
    const aws = async <Answer>(...args: string[]) =>
      JSON.parse(await run('/usr/bin/aws', ['--endpoint-url', bed.url, '--output', 'json', ...args])) as Answer;
    const { SnapshotId: id } = await aws<{ SnapshotId: string }>('ebs', 'start-snapshot', '--volume-size', '1');
    const way = ['--checksum-algorithm', 'SHA256'];
    const digest = sha256(block('a')).toString('base64');
    const data = ['--data-length', '524288', '--block-data', file, '--checksum', digest];
    await aws('ebs', 'put-snapshot-block', '--snapshot-id', id, '--block-index', '4', ...data, ...way);
    const linear = ['--checksum', linearOf({ 4: 'a' }), '--checksum-aggregation-method', 'LINEAR', ...way];
    await aws('ebs', 'complete-snapshot', '--snapshot-id', id, '--changed-blocks-count', '1', ...linear);
    expect(await contentOf(bed, id)).toEqual({ 4: 'a' });

    const { Blocks } = await aws<{ Blocks: { BlockIndex: number; BlockToken: string }[] }>(
      ...['ebs', 'list-snapshot-blocks', '--snapshot-id', id],
    );
    expect(Blocks.map(({ BlockIndex }) => BlockIndex)).toEqual([4]);
    const copy = join(folder, 'copy');
    const token = ['--block-token', Blocks[0]!.BlockToken];
    await aws('ebs', 'get-snapshot-block', '--snapshot-id', id, '--block-index', '4', ...token, copy);
    expect(readFileSync(copy).equals(block('a'))).toBe(true);
    rmSync(folder, { recursive: true });
  });
