import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteObjectsCommand,
  GetObjectCommand,
  NoSuchKey,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Objects } from '../ports.ts';

const PRIVATE = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };

/** Objects in S3. A bucket that is not there is made with the first object: private, and encrypted with S3's own keys. */
export function s3Objects(client: S3Client, region: string): Objects {
  const put = ({ bucket, key }: { bucket: string; key: string }, body: string) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: Buffer.byteLength(body) }));
  return {
    async put(location, body) {
      try {
        await put(location, body);
      } catch (error) {
        if (!isWithoutBucket(error)) throw error;
        await createBucket(client, location.bucket, region);
        await put(location, body);
      }
    },
    async get({ bucket, key }) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return await Body?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey || isWithoutBucket(error)) return undefined;
        throw error;
      }
    },
    async removeAll({ bucket, key }) {
      try {
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: key })) {
          const found = Contents.map(({ Key }) => ({ Key: Key! }));
          if (found.length > 0)
            await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found, Quiet: true } }));
        }
      } catch (error) {
        if (!isWithoutBucket(error)) throw error;
      }
    },
  };
}

/** Not every operation's model has this error, so that it comes without its class. */
const isWithoutBucket = (error: unknown) => (error as Error).name === 'NoSuchBucket';

async function createBucket(client: S3Client, Bucket: string, region: string) {
  // The oldest region is the one that may not be named. Source: S3 API, CreateBucket.
  const place: Partial<CreateBucketCommandInput> =
    region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as never } };
  try {
    await client.send(new CreateBucketCommand({ Bucket, ...place }));
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
  }
  await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: PRIVATE }));
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
  await client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
}
