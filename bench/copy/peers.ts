import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from '../../lib/cli/endpoint.ts';
import { DATA_BLOCKS } from './disk.ts';

export function runProgram(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

export const isMissing = (command: string) => Boolean(spawnSync(command, ['--version']).error);

/** A Python with boto3; undefined where there is none. */
export const pythonWithBoto3 = () =>
  ['python3', '/usr/bin/python3'].find((command) => spawnSync(command, ['-c', 'import boto3']).status === 0);

/** Copies the disk's data with boto3; what the program itself takes for it, without its start. Milliseconds, and the snapshot. */
export function uploadByBoto3(python: string, { url, credentials, region }: Endpoint, disk: string) {
  const blocks = join(disk, '..', 'blocks.json');
  writeFileSync(blocks, JSON.stringify(DATA_BLOCKS));
  const text = execFileSync(python, [join(import.meta.dirname, 'boto3-uploader.py'), url, disk, blocks], {
    encoding: 'utf8',
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      PYTHONWARNINGS: 'ignore',
    },
  });
  rmSync(blocks);
  const { seconds, snapshot } = JSON.parse(text) as { seconds: number; snapshot: string };
  return { ms: seconds * 1_000, snapshot };
}
