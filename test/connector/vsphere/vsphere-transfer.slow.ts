import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Source } from '../../../lib/connector/source.ts';
import type { TransferResult } from '../../../lib/replication/transfer-server.ts';
import { missingVcsim, startVcsim, type Vcsim } from '../../support/vcsim.ts';
import { demandBytes, type GuestDisk, guestDisk, noise, openTransfers, type Transfers } from './transfers.ts';

const MIB = 2 ** 20;
const SIZE = 16 * MIB;
const BUILD = 300_000;
const describeHere = missingVcsim ? describe.skip : describe;
if (missingVcsim) test.skip(`a vCenter: ${missingVcsim}`, () => {});

let vcsim: Vcsim;
let transfers: Transfers;
let machines = 0;
/** A virtual machine that no other test has, with data in two places of its disk. */
async function freshServer(): Promise<{ name: string; id: string; disk: GuestDisk }> {
  const name = `DC0_C0_RP0_VM${machines++}`;
  const { id } = await vcsim.vm(name);
  const disk = guestDisk(vcsim, name, { size: SIZE });
  await disk.write(0, noise(3 * MIB));
  await disk.write(9 * MIB + 12_345, noise(70_000));
  return { name, id, disk };
}

const only = ({ disks }: TransferResult) => {
  expect(disks).toHaveLength(1);
  return disks[0]!;
};

beforeAll(async () => {
  if (!missingVcsim) vcsim = await startVcsim('-vm', '24', '-mib', '16');
}, BUILD);
afterAll(() => vcsim?.stop());

describeHere('a server of a vCenter', () => {
  let source: Source;
  beforeEach(async () => {
    transfers = await openTransfers(vcsim);
    source = await transfers.open();
  });
  afterEach(async () => {
    await vcsim.control('/leases');
    await transfers.close();
  });

  test('is copied byte for byte as it was when it was frozen, then what changed; nothing stays behind', async () => {
    const { name, id, disk } = await freshServer();
    const frozen = Buffer.from(disk.bytes);
    let writes: Promise<void> | undefined;
    // The guest goes on while its disks are read.
    const first = await transfers.transfer(source, id, 'run-1', {
      onProgress: ({ stage }) => {
        if (stage === 'Uploading')
          writes ??= disk.write(2 * MIB, noise(MIB)).then(() => disk.write(12 * MIB, noise(5_000)));
      },
    });
    await writes;
    await demandBytes(transfers.snapshots, only(first).snapshotId, frozen);
    expect(first.full).toBe(true);
    expect(first.bootMode).toBe('legacy-bios');
    expect(only(first)).toMatchObject({
      bytes: SIZE,
      blocksTotal: 32,
      blocksCopied: 7,
      key: expect.stringMatching(/^6000C29/),
    });
    expect((await vcsim.vm(name)).snapshots).toEqual([]);
    await vcsim.counts();

    const second = await transfers.transfer(source, id, 'run-2');
    await demandBytes(transfers.snapshots, only(second).snapshotId, disk.bytes);
    expect(second.full).toBe(false);
    expect(only(second).blocksCopied).toBe(3);
    // What changed is asked for, and only that is read (and the first bytes, to see whether they can be).
    expect(await vcsim.counts()).toMatchObject({ QueryChangedDiskAreas: 1, folder: 1 + 2 });
    expect((await vcsim.vm(name)).snapshots).toEqual([]);
  });

  test('is copied by an export where its files cannot be read from the datastore', async () => {
    const { name, id, disk } = await freshServer();
    await vcsim.control('/http-fault', { Prefix: '/folder', Status: 404, Count: 1 });
    const first = await transfers.transfer(source, id, 'run-1');
    await demandBytes(transfers.snapshots, only(first).snapshotId, disk.bytes);
    await disk.write(5 * MIB, noise(3));
    await vcsim.counts();
    const exporting = await transfers.open(`pin=${vcsim.pin}&reader=export`);
    const second = await transfers.transfer(exporting, id, 'run-2');
    await demandBytes(transfers.snapshots, only(second).snapshotId, disk.bytes);
    expect(only(second).blocksCopied).toBe(1);
    const { nfc, folder } = await vcsim.counts();
    expect([nfc, folder]).toEqual([1, undefined]);
    expect(await vcsim.control('/leases')).toBe(0);
    expect((await vcsim.vm(name)).snapshots).toEqual([]);
  });

  test('with several disks is copied in the order of their places, and with one more later', async () => {
    const { name, id, disk } = await freshServer();
    await vcsim.vm(name, { AddDisk: 2 * MIB });
    const data = guestDisk(vcsim, name, { size: 2 * MIB, disk: 1 });
    await data.write(0, noise(100));
    const first = await transfers.transfer(source, id, 'run-1');
    await vcsim.vm(name, { AddDisk: MIB });
    const log = guestDisk(vcsim, name, { size: MIB, disk: 2 });
    await log.write(600_000, noise(1));
    await data.write(MIB, noise(1));
    for (const reader of ['datastore', 'export']) {
      const result = await transfers.transfer(
        await transfers.open(`pin=${vcsim.pin}&reader=${reader}`),
        id,
        `run-${reader}`,
      );
      expect(result.disks.map(({ bytes }) => bytes)).toEqual([SIZE, 2 * MIB, MIB]);
      for (const [index, { bytes }] of [disk, data, log].entries())
        await demandBytes(transfers.snapshots, result.disks[index]!.snapshotId, bytes);
    }
    expect(first.disks).toHaveLength(2);
  });

  test('whose disk grew is compared as a whole', async () => {
    const { name, id, disk } = await freshServer();
    await transfers.transfer(source, id, 'run-1');
    await vcsim.vm(name, { Grow: SIZE + 3 * MIB });
    const grown = guestDisk(vcsim, name, { size: SIZE + 3 * MIB });
    disk.bytes.copy(grown.bytes);
    await grown.write(SIZE + MIB, noise(9));
    await grown.write(10, noise(9));
    const second = only(await transfers.transfer(source, id, 'run-2'));
    await demandBytes(transfers.snapshots, second.snapshotId, grown.bytes);
    expect(second.blocksCopied).toBe(2);
  });

  test.each([[false], [true]])(
    'whose list of changes was lost is compared as a whole (same UUID: %s)',
    async (KeepUUID) => {
      const { id, disk } = await freshServer();
      await transfers.transfer(source, id, 'run-1');
      await vcsim.control('/reset-tracking', { KeepUUID });
      await disk.write(MIB, noise(9));
      await disk.write(9 * MIB, Buffer.alloc(MIB));
      const second = only(await transfers.transfer(source, id, 'run-2'));
      await demandBytes(transfers.snapshots, second.snapshotId, disk.bytes);
      expect(second.blocksCopied).toBe(2);
    },
  );

  test('that cannot track changes is compared as a whole each time', async () => {
    const { name, id, disk } = await freshServer();
    await vcsim.vm(name, { NoTracking: true });
    await transfers.transfer(source, id, 'run-1');
    await disk.write(MIB, noise(9));
    const second = only(await transfers.transfer(source, id, 'run-2'));
    await demandBytes(transfers.snapshots, second.snapshotId, disk.bytes);
    expect(second.blocksCopied).toBe(1);
  });

  test('is copied although the session ends again and again', async () => {
    const { id, disk } = await freshServer();
    const stages = new Set<string>();
    const expiries: Promise<unknown>[] = [];
    const result = await transfers.transfer(source, id, 'run-1', {
      onProgress({ stage, bytesDone }) {
        const at = `${stage} ${bytesDone}`;
        if (!stages.has(at)) expiries.push(vcsim.control('/expire-sessions'));
        stages.add(at);
      },
    });
    await Promise.all(expiries);
    expect(expiries.length).toBeGreaterThan(3);
    await demandBytes(transfers.snapshots, only(result).snapshotId, disk.bytes);
  });

  test('is copied although the datastore is busy now and then, and fails when it stays so', async () => {
    const { name, id, disk } = await freshServer();
    await vcsim.control('/http-fault', { Prefix: '/folder', Status: 500, Count: 2 });
    const result = await transfers.transfer(source, id, 'run-1');
    await demandBytes(transfers.snapshots, only(result).snapshotId, disk.bytes);
    await vcsim.control('/http-fault', { Prefix: '/folder', Status: 403, Count: 1 });
    const reading = await transfers.open(`pin=${vcsim.pin}&reader=datastore`);
    await expect(transfers.transfer(reading, id, 'run-2')).rejects.toMatchObject({
      name: 'DatastoreReadError',
      message: `[LocalDS_0] ${name}/disk1.vmdk of disk-202-0 cannot be read from its datastore: HTTP status 403`,
    });
    await transfers.transfer(source, id, 'run-2');
    expect((await vcsim.vm(name)).snapshots).toEqual([]);
  });

  test('is copied by an export whose lease ends in between, and is renewed when it is slow', async () => {
    const { id, disk } = await freshServer();
    const exporting = await transfers.open(`pin=${vcsim.pin}&reader=export`);
    await vcsim.control('/leases', { Timeout: 1, PauseMs: 12 });
    await vcsim.counts();
    let expiry: Promise<unknown> | undefined;
    const result = await transfers.transfer(exporting, id, 'run-1', {
      onProgress({ bytesDone }) {
        if (bytesDone > 2 * MIB) expiry ??= vcsim.control('/leases', { Expire: true });
      },
    });
    await expiry;
    await demandBytes(transfers.snapshots, only(result).snapshotId, disk.bytes);
    expect((await vcsim.counts()).HttpNfcLeaseProgress).toBeGreaterThan(0);
    await vcsim.control('/leases', { Timeout: 300 });
  });

  test('whose tracking cannot be enabled is compared as a whole', async () => {
    const { id, disk } = await freshServer();
    await vcsim.control('/soap-fault', { Method: 'ReconfigVM_Task', Type: 'InvalidState', Message: 'no', Count: 1 });
    await transfers.transfer(source, id, 'run-1');
    await disk.write(0, noise(1));
    const second = only(await transfers.transfer(source, id, 'run-2'));
    await demandBytes(transfers.snapshots, second.snapshotId, disk.bytes);
    expect(second.blocksCopied).toBe(1);
  });

  test('fails when the host exports nothing, without asking for each block again', async () => {
    const { name, id } = await freshServer();
    const exporting = await transfers.open(`pin=${vcsim.pin}&reader=export`);
    await vcsim.control('/soap-fault', { Method: 'ExportSnapshot', Type: 'FileLocked', Message: 'in use', Count: 3 });
    await vcsim.counts();
    await expect(transfers.transfer(exporting, id, 'run-1')).rejects.toMatchObject({
      name: 'ExportLeaseError',
      message: expect.stringMatching(
        /^the export of disk-202-0 breaks off: ExportSnapshot at .*: FileLocked \(in use\)$/,
      ),
    });
    expect((await vcsim.counts()).ExportSnapshot).toBe(3);
    await transfers.transfer(exporting, id, 'run-1');
    expect((await vcsim.vm(name)).snapshots).toEqual([]);
  });

  test('is exported by a host whose certificate vCenter vouches for, and by no other', async () => {
    const { id, disk } = await freshServer();
    const exporting = await transfers.open(`pin=${vcsim.pin}&reader=export`);
    // The same server by another name: neither the pin nor an authority stands for it.
    await vcsim.control('/leases', { Host: `localhost:${new URL(vcsim.url).port}` });
    const result = await transfers.transfer(exporting, id, 'run-1');
    await demandBytes(transfers.snapshots, only(result).snapshotId, disk.bytes);
    await disk.write(0, noise(1));
    await vcsim.counts();
    await vcsim.control('/leases', { Thumbprint: '00:11' });
    await expect(transfers.transfer(exporting, id, 'run-2')).rejects.toMatchObject({
      name: 'UntrustedCertificateError',
      message: expect.stringMatching(/^localhost:\d+ has the certificate .* not the one that is pinned/),
    });
    expect((await vcsim.counts()).nfc).toBeUndefined();
    await vcsim.control('/leases', { Host: '*' });
    await transfers.transfer(exporting, id, 'run-2');
  });

  test('fails when somebody removes the snapshot while it is read, and is copied anew', async () => {
    const { id, disk } = await freshServer();
    const [point] = await source.freeze([id], { quiesce: 'no', name: 'rehost/run-0' });
    const [other] = await Promise.all([transfers.open()]);
    await (await other.reopen(point!.ref))!.release();
    await expect(point!.verify()).rejects.toMatchObject({
      name: 'DiskChangedError',
      message: `the snapshot of ${id} was removed while its disks were copied; keep other programs from it, and run again`,
    });
    expect(await source.reopen(point!.ref)).toBeUndefined();
    await point!.release();
    await demandBytes(transfers.snapshots, only(await transfers.transfer(source, id, 'run-1')).snapshotId, disk.bytes);
  });

  test('is read where it was frozen, not where the guest went on', async () => {
    const { name, id, disk } = await freshServer();
    const [point] = await source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' });
    const before = Buffer.from(disk.bytes);
    await disk.write(0, noise(MIB));
    const [first] = await point!.disks();
    const read = Buffer.alloc(MIB);
    await first!.read(0, read);
    expect(read.equals(before.subarray(0, MIB))).toBe(true);
    await point!.verify();
    await point!.release();
    expect(readFileSync((await vcsim.vm(name)).disks[0]!).equals(disk.bytes)).toBe(true);
  });
});
