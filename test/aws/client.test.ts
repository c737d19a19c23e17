import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { type AwsProxy, awsProxy, type Fault } from '../simulators/aws-proxy.ts';

/** Nobody is behind the proxy: every call that it lets through is one that nobody answers. */
describe('a client', () => {
  let proxy: AwsProxy;
  const options = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' }, maxAttempts: 1 };
  const impatient = { connectionTimeout: 200, requestTimeout: 200, throwOnRequestTimeout: true };
  const clientOf = () => awsClient(EC2Client, { ...options, endpoint: proxy.url, requestHandler: impatient });

  beforeAll(async () => {
    proxy = await awsProxy('http://127.0.0.1:1');
  });
  afterAll(() => proxy.close());
  beforeEach(() => {
    proxy.calls.length = 0;
  });

  test.each<[Fault, RegExp]>([
    ['throttle', /^DescribeImagesCommand: RequestLimitExceeded: /],
    ['error', /^DescribeImagesCommand: /],
    ['reset', /^DescribeImagesCommand: /],
    ['hang', /^DescribeImagesCommand: TimeoutError: /],
    ['lost', /^DescribeImagesCommand: /],
  ])('tells a failure that goes away by its name: %s', async (fault, message) => {
    proxy.faultOf = () => fault;
    await expect(clientOf().send(new DescribeImagesCommand({}))).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(message),
    });
    expect(proxy.calls).toHaveLength(1);
  });

  test('tries a throttled call again by itself', async () => {
    proxy.faultOf = () => 'throttle';
    const dynamo = awsClient(DynamoDBClient, { ...options, endpoint: proxy.url, maxAttempts: 2 });
    await expect(dynamo.send(new GetItemCommand({ TableName: 't', Key: {} }))).rejects.toMatchObject({
      name: 'TransientError',
    });
    expect(proxy.calls).toHaveLength(2);
  });

  test('leaves other failures as they are', async () => {
    const client = awsClient(EC2Client, { ...options, endpoint: proxy.url });
    client.middlewareStack.add(
      () => async () => {
        throw Object.assign(new Error('no'), { name: 'UnauthorizedOperation', $metadata: { httpStatusCode: 403 } });
      },
      { step: 'finalizeRequest' },
    );
    await expect(client.send(new DescribeImagesCommand({}))).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  });
});
