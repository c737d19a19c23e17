import { CompleteSnapshotCommand, ListChangedBlocksCommand, PutSnapshotBlockCommand } from '@aws-sdk/client-ebs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BLOCK_SIZE } from '../../../lib/snapshots.ts';
import {
  type Bed,
  block,
  changes,
  complete,
  contentOf,
  KEY,
  linearOf,
  list,
  made,
  openBed,
  put,
  read,
  sha256,
  start,
} from './bed.ts';

let bed: Bed;
beforeEach(async () => {
  bed = await openBed();
});
afterEach(() => bed.close());

const MINUTE = 60_000;
const fails = (name: string, Reason?: string) => ({ name, ...(Reason ? { Reason } : {}) });
const invalid = (reason: string) => fails('ValidationException', reason);

describe('a snapshot', () => {
  test('is described as it was asked for', async () => {
    const Tags = [{ Key: 'disk', Value: 'sda' }];
    const answer = await start(bed, { Description: 'nightly', Tags, VolumeSize: 3 });
    expect(answer).toMatchObject({
      $metadata: { httpStatusCode: 201 },
      Description: 'nightly',
      OwnerId: '000000000000',
      Status: 'pending',
      StartTime: new Date(bed.clock.now()),
      VolumeSize: 3,
      BlockSize: 524_288,
      Tags,
      SseType: 'none',
    });
    expect(answer.SnapshotId).toMatch(/^snap-[0-9a-f]{17}$/);
  });

  test('holds what was put; what nobody put is absent', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    const answer = await put(bed, [id, 7, block('b')], { Progress: 50 });
    expect(answer).toMatchObject({
      $metadata: { httpStatusCode: 201 },
      Checksum: sha256(block('b')).toString('base64'),
      ChecksumAlgorithm: 'SHA256',
    });
    await put(bed, [id, 2_047, block('c')]);
    expect(await complete(bed, id, { 7: 'b', 2047: 'c' })).toMatchObject({
      $metadata: { httpStatusCode: 202 },
      Status: 'completed',
    });
    expect(await list(bed, id)).toMatchObject({ VolumeSize: 1, BlockSize: BLOCK_SIZE });
    expect(await contentOf(bed, id)).toEqual({ 7: 'b', 2047: 'c' });
  });

  test('inherits from its parent; a block that became zero hides the parent’s', async () => {
    const parent = await made(bed, { 0: 'a', 1: 'b', 2: 'c' });
    const child = await made(bed, { 1: 'B', 2: 0 }, { ParentSnapshotId: parent, VolumeSize: 2 });
    expect(await contentOf(bed, child)).toEqual({ 0: 'a', 1: 'B', 2: 0 });
    expect(await contentOf(bed, parent)).toEqual({ 0: 'a', 1: 'b', 2: 'c' });
  });

  test('keeps the last of several puts at one index, and counts it once', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    await put(bed, [id, 0, block('a')]);
    await put(bed, [id, 0, block('b')]);
    await complete(bed, id, { 0: 'b' });
    expect(await contentOf(bed, id)).toEqual({ 0: 'b' });
  });

  test('is completed by its count alone, and again by the same count', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    await put(bed, [id, 0, block('a')]);
    const seal = new CompleteSnapshotCommand({ SnapshotId: id, ChangedBlocksCount: 1 });
    await bed.ebs.send(seal);
    expect(await bed.ebs.send(seal)).toMatchObject({ Status: 'completed' });
  });

  test('may be empty', async () => {
    expect((await list(bed, await made(bed, {}))).Blocks).toEqual([]);
  });
});

describe('a client token', () => {
  test('gives the same snapshot for the same parameters, and a conflict for others', async () => {
    const first = await start(bed, { ClientToken: 'run-1', Tags: [{ Key: 'a', Value: 'b' }] });
    const again = await start(bed, { ClientToken: 'run-1', Tags: [{ Key: 'a', Value: 'b' }] });
    expect(again.SnapshotId).toBe(first.SnapshotId);
    await expect(start(bed, { ClientToken: 'run-1', VolumeSize: 2 })).rejects.toMatchObject({
      name: 'ConflictException',
      $metadata: { httpStatusCode: 409 },
    });
  });
});

describe('StartSnapshot refuses', () => {
  test.each([
    ['no size', { VolumeSize: 0 }, 'INVALID_VOLUME_SIZE'],
    ['a size over 64 TiB', { VolumeSize: 65_537 }, 'INVALID_VOLUME_SIZE'],
    ['a timeout under 10 minutes', { Timeout: 9 }, 'INVALID_PARAMETER_VALUE'],
    ['a timeout over 3 days', { Timeout: 4_321 }, 'INVALID_PARAMETER_VALUE'],
    ['a long client token', { ClientToken: 'x'.repeat(65) }, 'INVALID_PARAMETER_VALUE'],
    ['a long description', { Description: 'x'.repeat(256) }, 'INVALID_PARAMETER_VALUE'],
    ['a tag twice', { Tags: ['a', 'a'].map((Key) => ({ Key, Value: '' })) }, 'INVALID_TAG'],
    ['too many tags', { Tags: Array.from({ length: 51 }, (_, Key) => ({ Key: `${Key}` })) }, 'INVALID_TAG'],
    ['a key that is no ARN', { Encrypted: true, KmsKeyArn: 'alias/mine' }, 'INVALID_CUSTOMER_KEY'],
    ['a parent that is no id', { ParentSnapshotId: 'ami-1' }, 'INVALID_SNAPSHOT_ID'],
  ])('%s', async (_, input, reason) => {
    await expect(start(bed, input)).rejects.toMatchObject(invalid(reason));
  });

  test('a parent that is not there, is pending, or is larger', async () => {
    await expect(start(bed, { ParentSnapshotId: 'snap-0' })).rejects.toMatchObject({
      ...fails('ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND'),
      $metadata: { httpStatusCode: 404 },
    });
    const { SnapshotId } = await start(bed);
    await expect(start(bed, { ParentSnapshotId: SnapshotId })).rejects.toMatchObject(invalid('INVALID_SNAPSHOT_ID'));
    const larger = await made(bed, {}, { VolumeSize: 2 });
    await expect(start(bed, { ParentSnapshotId: larger })).rejects.toMatchObject(invalid('INVALID_VOLUME_SIZE'));
  });
});

describe('PutSnapshotBlock refuses, and keeps nothing of', () => {
  test.each([
    ['a checksum of other data', { Checksum: sha256(block('b')).toString('base64') }, 'INVALID_PARAMETER_VALUE'],
    ['a checksum that is none', { Checksum: 'abc' }, 'INVALID_PARAMETER_VALUE'],
    ['another algorithm', { ChecksumAlgorithm: 'MD5' as 'SHA256' }, 'INVALID_PARAMETER_VALUE'],
    ['another length', { DataLength: 512 }, 'INVALID_PARAMETER_VALUE'],
    ['less data than announced', { BlockData: Buffer.alloc(512) }, 'INVALID_PARAMETER_VALUE'],
    ['an index behind the end', { BlockIndex: 2_048 }, 'INVALID_BLOCK'],
    ['progress over 100', { Progress: 101 }, 'INVALID_PARAMETER_VALUE'],
  ])('%s', async (_, more, reason) => {
    const { SnapshotId: id = '' } = await start(bed);
    await expect(put(bed, [id, 0, block('a')], more)).rejects.toMatchObject({
      ...invalid(reason),
      $metadata: { httpStatusCode: 400 },
    });
    expect(bed.snapshots.storedBytes()).toBe(0);
  });

  test('a snapshot that is completed, or not there', async () => {
    const id = await made(bed, {});
    await expect(put(bed, [id, 0, block('a')])).rejects.toMatchObject(invalid('INVALID_SNAPSHOT_ID'));
    await expect(put(bed, ['snap-0', 0, block('a')])).rejects.toMatchObject(fails('ResourceNotFoundException'));
    await expect(put(bed, ['vol-0', 0, block('a')])).rejects.toMatchObject(invalid('INVALID_SNAPSHOT_ID'));
  });
});

test.each([
  ['another count', { ChangedBlocksCount: 2 }],
  ['another checksum', { Checksum: linearOf({ 0: 'b' }) }],
])('CompleteSnapshot refuses %s; the snapshot stays pending', async (_, wrong) => {
  const { SnapshotId: id = '' } = await start(bed);
  await put(bed, [id, 0, block('a')]);
  const right = { SnapshotId: id, ChangedBlocksCount: 1, Checksum: linearOf({ 0: 'a' }) };
  const ways = { ChecksumAlgorithm: 'SHA256', ChecksumAggregationMethod: 'LINEAR' } as const;
  const refused = bed.ebs.send(new CompleteSnapshotCommand({ ...right, ...ways, ...wrong }));
  await expect(refused).rejects.toMatchObject(invalid('INVALID_PARAMETER_VALUE'));
  expect(await bed.ebs.send(new CompleteSnapshotCommand({ ...right, ...ways }))).toMatchObject({ Status: 'completed' });
});

describe('a pending snapshot that gets no request for its timeout', () => {
  test('goes to error: late puts are told so, and a day later its room is taken back', async () => {
    const { SnapshotId: id = '' } = await start(bed, { Timeout: 10 });
    await bed.clock.advance(9 * MINUTE);
    await put(bed, [id, 0, block('a')]);
    await bed.clock.advance(10 * MINUTE);
    await put(bed, [id, 1, block('b')]);
    await bed.clock.advance(11 * MINUTE);
    await expect(put(bed, [id, 2, block('c')])).rejects.toMatchObject(invalid('WRITE_REQUEST_TIMEOUT'));
    await expect(complete(bed, id, { 0: 'a', 1: 'b' })).rejects.toMatchObject(invalid('WRITE_REQUEST_TIMEOUT'));
    expect(await bed.snapshots.state(id)).toBe('error');
    await bed.clock.advance(24 * 60 * MINUTE);
    await start(bed);
    expect(await bed.snapshots.state(id)).toBeUndefined();
    expect(bed.snapshots.storedBytes()).toBe(0);
  });
});

describe('what a snapshot lists', () => {
  test('cannot be had while it is pending', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    await expect(list(bed, id)).rejects.toMatchObject(invalid('INVALID_SNAPSHOT_ID'));
    await expect(read(bed, id, 0, 'abc')).rejects.toMatchObject(invalid('INVALID_SNAPSHOT_ID'));
  });

  test('comes in pages, from an index on', async () => {
    const indexes = Array.from({ length: 250 }, (_, index) => index * 3);
    const id = await made(bed, Object.fromEntries(indexes.map((index) => [index, 'a'])));
    const pages: number[][] = [];
    let NextToken: string | undefined;
    do {
      const page = await list(bed, id, { MaxResults: 100, NextToken, StartingBlockIndex: 31 });
      pages.push(page.Blocks!.map(({ BlockIndex }) => BlockIndex!));
      NextToken = page.NextToken;
    } while (NextToken);
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 39]);
    expect(pages.flat()).toEqual(indexes.filter((index) => index >= 31));
  });

  test('has empty pages with a token where a large disk holds nothing', async () => {
    const last = 256 * 2_048 - 1;
    const id = await made(bed, { [last]: 'z' }, { VolumeSize: 256 });
    const first = await list(bed, id);
    expect([first.Blocks, typeof first.NextToken]).toEqual([[], 'string']);
    const second = await list(bed, id, { NextToken: first.NextToken });
    expect([second.Blocks?.map(({ BlockIndex }) => BlockIndex), second.NextToken]).toEqual([[last], undefined]);
  });

  test.each([
    ['99 a page', { MaxResults: 99 }, 'INVALID_PARAMETER_VALUE'],
    ['10001 a page', { MaxResults: 10_001 }, 'INVALID_PARAMETER_VALUE'],
    ['a token of its own making', { NextToken: 'AAAA' }, 'INVALID_PAGE_TOKEN'],
  ])('is refused to whoever asks for %s', async (_, more, reason) => {
    const id = await made(bed, { 0: 'a' });
    await expect(list(bed, id, more)).rejects.toMatchObject(invalid(reason));
  });

  test('is read by tokens of 7 days and turned over by tokens of 60 minutes, each good for one thing', async () => {
    const id = await made(bed, {
      0: 'a',
      1: 'b',
      ...Object.fromEntries(Array.from({ length: 150 }, (_, i) => [i + 2, 'c'])),
    });
    const other = await made(bed, { 0: 'a' });
    const { Blocks = [], NextToken, ExpiryTime } = await list(bed, id, { MaxResults: 100 });
    const token = Blocks[0]!.BlockToken;
    expect(ExpiryTime).toEqual(new Date(bed.clock.now() + 7 * 24 * 60 * MINUTE));
    expect((await read(bed, id, 0, token)).equals(block('a'))).toBe(true);
    for (const [snapshot, index] of [
      [id, 1],
      [other, 0],
    ] as const)
      await expect(read(bed, snapshot, index, token)).rejects.toMatchObject(invalid('INVALID_BLOCK_TOKEN'));
    await expect(list(bed, other, { NextToken })).rejects.toMatchObject(invalid('INVALID_PAGE_TOKEN'));
    await bed.clock.advance(60 * MINUTE);
    expect((await list(bed, id, { NextToken })).Blocks).toHaveLength(52);
    await bed.clock.advance(MINUTE);
    await expect(list(bed, id, { NextToken })).rejects.toMatchObject(invalid('INVALID_PAGE_TOKEN'));
    await bed.clock.advance(7 * 24 * 60 * MINUTE);
    await expect(read(bed, id, 0, token)).rejects.toMatchObject(invalid('INVALID_BLOCK_TOKEN'));
  });
});

describe('what changed between two snapshots', () => {
  test('is listed with a token for each side that has the block', async () => {
    const first = await made(bed, { 0: 'a', 1: 'b', 2: 'c' });
    const middle = await made(bed, { 1: 'B' }, { ParentSnapshotId: first });
    const second = await made(bed, { 2: 0, 9: 'z' }, { ParentSnapshotId: middle });
    const { ChangedBlocks = [] } = await changes(bed, [first, second]);
    expect(ChangedBlocks.map(({ BlockIndex }) => BlockIndex)).toEqual([1, 2, 9]);
    expect((await read(bed, first, 1, ChangedBlocks[0]!.FirstBlockToken)).equals(block('b'))).toBe(true);
    expect((await read(bed, second, 1, ChangedBlocks[0]!.SecondBlockToken)).equals(block('B'))).toBe(true);
    expect((await read(bed, second, 2, ChangedBlocks[1]!.SecondBlockToken)).equals(block(0))).toBe(true);
    expect(ChangedBlocks[2]!.FirstBlockToken).toBeUndefined();
    expect((await changes(bed, [first, second], { StartingBlockIndex: 2 })).ChangedBlocks).toHaveLength(2);
    expect((await changes(bed, [second, second])).ChangedBlocks).toEqual([]);
  });

  test('is refused for snapshots of different lineages, and without a first', async () => {
    const pair = [await made(bed, { 0: 'a' }), await made(bed, { 0: 'a' })] as const;
    await expect(changes(bed, pair)).rejects.toMatchObject(invalid('UNRELATED_SNAPSHOTS'));
    const alone = new ListChangedBlocksCommand({ SecondSnapshotId: pair[1] });
    await expect(bed.ebs.send(alone)).rejects.toMatchObject(invalid('INVALID_SNAPSHOT_ID'));
  });
});

describe('encryption', () => {
  const KmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/mine';
  const parents = { none: undefined, plain: {}, encrypted: { Encrypted: true, KmsKeyArn } };
  const given = async (kind: keyof typeof parents) => {
    const parent = parents[kind];
    return parent ? { ParentSnapshotId: await made(bed, {}, parent) } : {};
  };

  test.each([
    ['none', {}, undefined],
    ['none', { Encrypted: true }, 'arn:aws:kms:us-east-1:000000000000:key/aws-ebs'],
    ['none', { Encrypted: true, KmsKeyArn }, KmsKeyArn],
    ['plain', {}, undefined],
    ['encrypted', {}, KmsKeyArn],
  ] as const)('with parent %s and %j the key is %s', async (parent, input, key) => {
    const answer = await start(bed, { ...(await given(parent)), ...input });
    expect([answer.KmsKeyArn, answer.SseType]).toEqual([key, key ? 'sse-kms' : 'none']);
  });

  test.each([
    ['none', { KmsKeyArn }],
    ['plain', { Encrypted: true }],
    ['plain', { Encrypted: false }],
    ['encrypted', { Encrypted: true }],
    ['encrypted', { KmsKeyArn }],
  ] as const)('with parent %s, %j is refused', async (parent, input) => {
    await expect(start(bed, { ...(await given(parent)), ...input })).rejects.toMatchObject(
      invalid('INVALID_PARAMETER_VALUE'),
    );
  });

  test('by default encrypts what has no parent, and refuses children of what is not encrypted', async () => {
    const on = await openBed({ encryptionByDefault: true });
    const encrypted = await made(on, {});
    expect((await start(on, { ParentSnapshotId: encrypted })).KmsKeyArn).toMatch(/key\/aws-ebs$/);
    // As it was before the default was turned on.
    const { id: plain } = await on.snapshots.start({ sizeGiB: 1, token: 'old', tags: {}, timeoutMinutes: 60 });
    await on.snapshots.complete(plain, { written: 0 });
    await expect(start(on, { ParentSnapshotId: plain })).rejects.toMatchObject(invalid('INVALID_PARAMETER_VALUE'));
    await on.close();
  });
});

describe('the gate', () => {
  test.each([
    ['another secret', { ...KEY, secretAccessKey: 'guessed' }, 'InvalidSignatureException'],
    ['an unknown key', { ...KEY, accessKeyId: 'AKIDNOBODY' }, 'UnrecognizedClientException'],
  ])('is closed to %s', async (_, credentials, name) => {
    const stranger = bed.client({ credentials });
    const refused = { name, $metadata: { httpStatusCode: 403 } };
    await expect(start({ ...bed, ebs: stranger })).rejects.toMatchObject(refused);
    await expect(put({ ...bed, ebs: stranger }, ['snap-0', 0, block('a')])).rejects.toMatchObject(refused);
    stranger.destroy();
  });

  test('takes a block whose body is left out of the signature, checked by its signed checksum', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    const unsigned = bed.client();
    unsigned.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
        return next(args);
      },
      { step: 'build' },
    );
    await put({ ...bed, ebs: unsigned }, [id, 0, block('a')]);
    const other = { Checksum: sha256(block('b')).toString('base64') };
    await expect(put({ ...bed, ebs: unsigned }, [id, 1, block('a')], other)).rejects.toMatchObject(
      invalid('INVALID_PARAMETER_VALUE'),
    );
    await complete(bed, id, { 0: 'a' });
    unsigned.destroy();
  });

  test('is closed to a signed block whose body was exchanged on the way', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    const exchanged = bed.client();
    // Behind the middleware that signs.
    exchanged.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: Buffer }).body = block('x');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(put({ ...bed, ebs: exchanged }, [id, 0, block('a')])).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    exchanged.destroy();
  });

  test('answers a path that is no operation', async () => {
    const answer = await fetch(`${bed.url}/snapshots/snap-0/volumes`, { method: 'DELETE' });
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException']);
  });
});

describe('fault switches', () => {
  const command = (id: string) =>
    new PutSnapshotBlockCommand({
      SnapshotId: id,
      BlockIndex: 0,
      BlockData: block('a'),
      DataLength: BLOCK_SIZE,
      Checksum: sha256(block('a')).toString('base64'),
      ChecksumAlgorithm: 'SHA256',
    });

  test('throttle and fail by count', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    bed.faults.set(
      { operation: 'PutSnapshotBlock', kind: 'throttle', every: 2, times: 1 },
      { operation: 'PutSnapshotBlock', kind: 'fail', after: 2, times: 1 },
    );
    await bed.ebs.send(command(id));
    await expect(bed.ebs.send(command(id))).rejects.toMatchObject({
      ...fails('RequestThrottledException', 'RESOURCE_LEVEL_THROTTLE'),
      $metadata: { httpStatusCode: 400 },
    });
    await bed.ebs.send(command(id));
    await expect(bed.ebs.send(command(id))).rejects.toMatchObject({
      name: 'InternalServerException',
      $metadata: { httpStatusCode: 500 },
    });
    await bed.ebs.send(command(id));
    expect(bed.faults.failures).toEqual([1, 1]);
  });

  test('hang without an answer', async () => {
    const { SnapshotId: id = '' } = await start(bed);
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'hang', times: 1 });
    const impatient = AbortSignal.timeout(50);
    await expect(bed.ebs.send(command(id), { abortSignal: impatient })).rejects.toMatchObject({ name: 'AbortError' });
    await bed.ebs.send(command(id));
  });

  test('show a snapshot late', async () => {
    bed.faults.set({ operation: 'PutSnapshotBlock', kind: 'late', milliseconds: 56_000 });
    const { SnapshotId: id = '' } = await start(bed);
    await expect(bed.ebs.send(command(id))).rejects.toMatchObject(
      fails('ResourceNotFoundException', 'SNAPSHOT_NOT_FOUND'),
    );
    await bed.clock.advance(56_000);
    await bed.ebs.send(command(id));
  });
});

test('logs what is its own fault, and tells the caller nothing of it', async () => {
  const { SnapshotId: id = '' } = await start(bed);
  Object.assign(bed.snapshots, { putHashed: () => Promise.reject(new Error('the disk is on fire')) });
  await expect(put(bed, [id, 0, block('a')])).rejects.toMatchObject({
    name: 'InternalServerException',
    message: expect.not.stringContaining('fire'),
  });
  expect(bed.logged).toEqual([expect.objectContaining({ error: expect.stringContaining('the disk is on fire') })]);
});
