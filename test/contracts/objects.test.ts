import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteBucketCommand,
  GetBucketEncryptionCommand,
  GetPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { s3Objects } from '../../lib/aws/s3-objects.ts';
import { folderObjects } from '../../lib/local/folder-objects.ts';
import { type AwsAccount, describeOnAws, openAws, uniqueName } from '../support/aws.ts';
import { objectsContract } from './objects.ts';

describe('folderObjects', () => {
  objectsContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
    const close = async () => rmSync(folder, { recursive: true });
    return { objects: folderObjects(folder), bucket: 'sms-app-1', close };
  });
});

describeOnAws('s3Objects', () => {
  const bucket = uniqueName('sms-app-rehost-contract');
  let account: AwsAccount;
  let client: S3Client;

  beforeAll(async () => {
    account = await openAws();
    client = awsClient(S3Client, { ...account.config, forcePathStyle: true } as never);
  });
  afterAll(async () => {
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    await account.close();
  });

  objectsContract(async () => ({ objects: s3Objects(client, account.config.region), bucket, close: async () => {} }));

  test('the bucket is private and encrypted', async () => {
    const { PublicAccessBlockConfiguration } = await client.send(new GetPublicAccessBlockCommand({ Bucket: bucket }));
    expect(Object.values(PublicAccessBlockConfiguration!)).toEqual([true, true, true, true]);
    const { ServerSideEncryptionConfiguration } = await client.send(new GetBucketEncryptionCommand({ Bucket: bucket }));
    expect(ServerSideEncryptionConfiguration!.Rules![0]!.ApplyServerSideEncryptionByDefault).toMatchObject({
      SSEAlgorithm: 'AES256',
    });
  });
});
