import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteSnapshotCommand,
  EBSClient,
  type EBSClientConfig,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  type ListChangedBlocksCommandInput,
  ListSnapshotBlocksCommand,
  type ListSnapshotBlocksCommandInput,
  PutSnapshotBlockCommand,
  type PutSnapshotBlockCommandInput,
  StartSnapshotCommand,
  type StartSnapshotCommandInput,
} from '@aws-sdk/client-ebs';
import { expect } from '@jest/globals';
import type { Handle } from '../../../lib/api/http.ts';
import { Faults } from '../../../lib/local/ebs/faults.ts';
import { withSnapshotApis } from '../../../lib/local/ebs/snapshot-apis.ts';
import { type FileSnapshots, openFileSnapshots } from '../../../lib/local/file-snapshots.ts';
import { serve } from '../../../lib/local/http-server.ts';
import { BLOCK_SIZE } from '../../../lib/snapshots.ts';
import { VirtualClock } from '../../simulators/virtual-clock.ts';
import { wrongsOf } from '../check-store.ts';

export const KEY = { accessKeyId: 'AKIDREHOST', secretAccessKey: 'secret of the tests' };
export const IMAGE_OF_TAKEN = 'ami-0123456789abcdef0';

/** An EBS direct endpoint over a store of its own, and a client of it that tries once. */
export interface Bed {
  readonly url: string;
  readonly folder: string;
  readonly clock: VirtualClock;
  readonly snapshots: FileSnapshots;
  readonly faults: Faults;
  readonly ebs: EBSClient;
  /** Snapshots that an image holds. */
  readonly taken: Set<string>;
  readonly logged: unknown[];
  client(more?: EBSClientConfig): EBSClient;
  close(): Promise<void>;
}

export async function openBed(options: { encryptionByDefault?: boolean; auth?: 'none' } = {}): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  const clock = new VirtualClock();
  const snapshots = await openFileSnapshots(folder, { clock });
  const faults = new Faults(clock);
  const taken = new Set<string>();
  const logged: unknown[] = [];
  const verifier = {
    keyOf: async (id: string) => (id === KEY.accessKeyId ? KEY : undefined),
    now: () => Date.now(),
  };
  const nothing: Handle = async () => ({ status: 404, headers: {}, body: 'not an API of snapshots' });
  const handle = withSnapshotApis(nothing, {
    snapshots,
    clock,
    faults,
    account: '000000000000',
    region: 'us-east-1',
    tokenSecret: 'secret of tokens',
    encryptionByDefault: options.encryptionByDefault ?? false,
    imageOf: (id) => (taken.has(id) ? IMAGE_OF_TAKEN : undefined),
    ...(options.auth === 'none' ? {} : { verifier }),
    log: (entry) => logged.push(entry),
  });
  const server = await serve(handle, { host: '127.0.0.1', port: 0 });
  const client = (more: EBSClientConfig = {}) =>
    new EBSClient({ endpoint: server.url, region: 'us-east-1', credentials: KEY, maxAttempts: 1, ...more });
  const ebs = client();
  return {
    url: server.url,
    folder,
    clock,
    snapshots,
    faults,
    ebs,
    taken,
    logged,
    client,
    async close() {
      ebs.destroy();
      await server.close();
      await snapshots.close();
      expect(await wrongsOf(folder)).toEqual([]);
      rmSync(folder, { recursive: true });
    },
  };
}

export const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
export const block = (content: string | number) => Buffer.alloc(BLOCK_SIZE, content);

export const start = ({ ebs }: Bed, input: Partial<StartSnapshotCommandInput> = {}) =>
  ebs.send(new StartSnapshotCommand({ VolumeSize: 1, ...input }));

export const put = (
  { ebs }: Bed,
  [id, index, data]: readonly [id: string, index: number, data: Buffer],
  more: Partial<PutSnapshotBlockCommandInput> = {},
) =>
  ebs.send(
    new PutSnapshotBlockCommand({
      SnapshotId: id,
      BlockIndex: index,
      BlockData: data,
      DataLength: BLOCK_SIZE,
      Checksum: sha256(data).toString('base64'),
      ChecksumAlgorithm: 'SHA256',
      ...more,
    }),
  );

export type Blocks = Readonly<Record<number, string | number>>;

/** LINEAR: over the raw digests, in ascending order of index. */
export const linearOf = (blocks: Blocks) =>
  sha256(Buffer.concat(Object.values(blocks).map((content) => sha256(block(content))))).toString('base64');

export const complete = ({ ebs }: Bed, id: string, blocks: Blocks) =>
  ebs.send(
    new CompleteSnapshotCommand({
      SnapshotId: id,
      ChangedBlocksCount: Object.keys(blocks).length,
      Checksum: linearOf(blocks),
      ChecksumAlgorithm: 'SHA256',
      ChecksumAggregationMethod: 'LINEAR',
    }),
  );

/** A completed snapshot with these blocks. */
export async function made(bed: Bed, blocks: Blocks, input: Partial<StartSnapshotCommandInput> = {}): Promise<string> {
  const { SnapshotId: id = '' } = await start(bed, input);
  for (const [index, content] of Object.entries(blocks)) await put(bed, [id, Number(index), block(content)]);
  await complete(bed, id, blocks);
  return id;
}

export const list = ({ ebs }: Bed, id: string, more: Partial<ListSnapshotBlocksCommandInput> = {}) =>
  ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: id, ...more }));

export const changes = (
  { ebs }: Bed,
  [first, second]: readonly [string, string],
  more: Partial<ListChangedBlocksCommandInput> = {},
) => ebs.send(new ListChangedBlocksCommand({ FirstSnapshotId: first, SecondSnapshotId: second, ...more }));

export async function read({ ebs }: Bed, id: string, index: number, token: string | undefined): Promise<Buffer> {
  const { BlockData, Checksum, ChecksumAlgorithm, DataLength } = await ebs.send(
    new GetSnapshotBlockCommand({ SnapshotId: id, BlockIndex: index, BlockToken: token }),
  );
  const data = Buffer.from(await BlockData!.transformToByteArray());
  expect([DataLength, ChecksumAlgorithm, Checksum]).toEqual([BLOCK_SIZE, 'SHA256', sha256(data).toString('base64')]);
  return data;
}

/** What the snapshot's blocks begin with, as code of the first byte. */
export async function contentOf(bed: Bed, id: string): Promise<Record<number, string | number>> {
  const { Blocks: blocks = [] } = await list(bed, id);
  const content: Record<number, string | number> = {};
  for (const { BlockIndex, BlockToken } of blocks) {
    const first = (await read(bed, id, BlockIndex!, BlockToken))[0]!;
    content[BlockIndex!] = first === 0 ? 0 : String.fromCharCode(first);
  }
  return content;
}
