import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pointsIn } from '../../../lib/agent/sweep-points.ts';
import type { Source } from '../../../lib/connector/source.ts';
import { missingVcsim, startVcsim, type Vcsim } from '../../support/vcsim.ts';
import { noise, openTransfers, type Transfers } from './transfers.ts';

const MIB = 2 ** 20;
const BUILD = 300_000;
const describeHere = missingVcsim ? describe.skip : describe;
if (missingVcsim) test.skip(`a vCenter: ${missingVcsim}`, () => {});

let vcsim: Vcsim;
let transfers: Transfers;
let source: Source;
let machines = 0;
const freshServer = async () => {
  const name = `DC0_C0_RP0_VM${machines++}`;
  return { name, ...(await vcsim.vm(name)) };
};
const snapshots = async (name: string) => (await vcsim.vm(name)).snapshots;

beforeAll(async () => {
  if (!missingVcsim) vcsim = await startVcsim('-vm', '40', '-mib', '2');
}, BUILD);
afterAll(() => vcsim?.stop());
beforeEach(async () => {
  if (missingVcsim) return;
  transfers = await openTransfers(vcsim);
  source = await transfers.open();
});
afterEach(async () => transfers?.close());

describeHere('freezing', () => {
  test('takes several servers together, named so that a person sees whose the snapshots are', async () => {
    const servers = [await freshServer(), await freshServer(), await freshServer()];
    const points = await source.freeze(
      servers.map(({ id }) => id),
      { quiesce: 'no', name: 'rehost/run-1' },
    );
    expect(points.map(({ server }) => server)).toEqual(servers.map(({ id }) => id));
    const times = points.map(({ at }) => at);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(2_000);
    for (const { name } of servers) expect(await snapshots(name)).toEqual(['rehost/run-1']);
    for (const point of points) await point.release();
    for (const { name } of servers) expect(await snapshots(name)).toEqual([]);
  });

  test('takes none when one of them fails', async () => {
    const [first, second] = [await freshServer(), await freshServer()];
    // Tracking begins with a snapshot of its own, which is not meant here.
    await source.freeze([first.id, second.id], { quiesce: 'no', name: 'rehost/run-0' }).then(async (points) => {
      for (const point of points) await point.release();
    });
    await vcsim.control('/task-fault', {
      Method: 'CreateSnapshot_Task',
      Contains: `vm=${second.name} `,
      Message: 'no space left',
      Count: 1,
    });
    await expect(source.freeze([first.id, second.id], { quiesce: 'no', name: 'rehost/run-1' })).rejects.toMatchObject({
      name: 'VimFaultError',
      message: expect.stringContaining('GenericVmConfigFault'),
    });
    expect(await snapshots(first.name)).toEqual([]);
    expect(await snapshots(second.name)).toEqual([]);
  });

  test.each([
    ['must', true],
    ['try', true],
    ['no', false],
  ] as const)('with quiesce %s: the guest is asked: %s', async (quiesce, quiesced) => {
    const { id } = await freshServer();
    const [point] = await source.freeze([id], { quiesce, name: 'rehost/run-1' });
    expect(point!.quiesced).toBe(quiesced);
    await point!.release();
  });

  test('takes a plain snapshot when the guest cannot be quiesced, unless it must be', async () => {
    const { id, name } = await freshServer();
    const fault = {
      Method: 'CreateSnapshot_Task',
      Contains: 'quiesce=true',
      Type: 'ApplicationQuiesceFault',
      Count: 1,
    };
    await vcsim.control('/task-fault', fault);
    const [point] = await source.freeze([id], { quiesce: 'try', name: 'rehost/run-1' });
    expect(point!.quiesced).toBe(false);
    await point!.release();
    await vcsim.control('/task-fault', fault);
    await expect(source.freeze([id], { quiesce: 'must', name: 'rehost/run-1' })).rejects.toMatchObject({
      name: 'QuiesceError',
      message: expect.stringMatching(
        /^DC0_C0_RP0_VM\d+ could not be quiesced: .*ApplicationQuiesceFault.*; look at VMware Tools/,
      ),
    });
    expect(await snapshots(name)).toEqual([]);
  });

  test('fails where VMware Tools do not run and the guest must be quiesced; a server that is off needs none', async () => {
    const { id, name } = await freshServer();
    await vcsim.vm(name, { ToolsMissing: true });
    await expect(source.freeze([id], { quiesce: 'must', name: 'rehost/run-1' })).rejects.toMatchObject({
      name: 'QuiesceError',
      message: `${name} cannot be quiesced: VMware Tools do not run in it; start them, or do without quiescing`,
    });
    await vcsim.vm(name, { PoweredOff: true });
    const [point] = await source.freeze([id], { quiesce: 'must', name: 'rehost/run-1' });
    await point!.release();
  });

  test('fails for a server that is not there, and for what is no id', async () => {
    for (const id of ['vm-9999', 'group-v3', '"><x/>'])
      await expect(source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' })).rejects.toMatchObject({
        name: 'ServerNotFoundError',
        message: expect.stringContaining(`no virtual machine ${id} in `),
      });
  });

  test('fails over a snapshot that somebody else made, and leaves that alone', async () => {
    const { id, name } = await freshServer();
    const other = await transfers.open(`pin=${vcsim.pin}&owner=other`);
    const [foreign] = await other.freeze([id], { quiesce: 'no', name: 'rehost/theirs' });
    const message = `${name} has snapshots that others made: "rehost/theirs" (of another Rehost); remove them, or open the source with reader=export`;
    expect(await source.check(id)).toEqual([{ code: 'ForeignSnapshots', message }]);
    await expect(source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' })).rejects.toMatchObject({
      name: 'UnsupportedDiskError',
      code: 'ForeignSnapshots',
      message,
    });
    expect(await source.sweep!([])).toBe(0);
    expect(await source.reopen(foreign!.ref)).toBeUndefined();
    expect(await snapshots(name)).toEqual(['rehost/theirs']);
    // An export does not mind: the host joins the bytes.
    const exporting = await transfers.open(`pin=${vcsim.pin}&reader=export`);
    expect(await exporting.check(id)).toEqual([]);
    const [point] = await exporting.freeze([id], { quiesce: 'no', name: 'rehost/run-1' });
    await point!.release();
    await foreign!.release();
    expect(await snapshots(name)).toEqual([]);
  });
});

describeHere('what was left behind', () => {
  test('is found again after a restart', async () => {
    const { id } = await freshServer();
    await vcsim.write((await freshServer()).name, 0, 'other');
    const [point] = await source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' });
    await point!.close();
    await source.close!();
    const again = await (await transfers.open()).reopen(point!.ref);
    expect(again).toMatchObject({ ref: point!.ref, server: id, at: point!.at });
    expect((await again!.disks()).map(({ changeId }) => changeId)).toEqual(
      (await point!.disks()).map(({ changeId }) => changeId),
    );
    await again!.release();
    expect(await (await transfers.open()).reopen(point!.ref)).toBeUndefined();
  });

  test('is removed by a sweep: what is ours, in use by nobody, and not to be kept', async () => {
    const servers = [await freshServer(), await freshServer(), await freshServer()];
    const freeze = async (at: Source, index: number) =>
      (await at.freeze([servers[index]!.id], { quiesce: 'no', name: `rehost/run-${index}` }))[0]!;
    const orphan = await freeze(source, 0);
    const kept = await freeze(source, 1);
    const next = await transfers.open();
    const open = await freeze(next, 2);
    for (const point of [orphan, kept]) await point.close();
    expect(await next.sweep!([kept.ref])).toBe(1);
    expect(await Promise.all(servers.map(({ name }) => snapshots(name)))).toEqual([
      [],
      ['rehost/run-1'],
      ['rehost/run-2'],
    ]);
    for (const point of [kept, open, orphan]) await point.release();
  });

  test('is removed when the server is frozen again', async () => {
    const { id, name } = await freshServer();
    await (await source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' }))[0]!.close();
    const next = await transfers.open();
    const [point] = await next.freeze([id], { quiesce: 'no', name: 'rehost/run-2' });
    expect(await snapshots(name)).toEqual(['rehost/run-2']);
    await point!.release();
  });

  test('counts as kept as long as an attempt has it', async () => {
    const { id } = await freshServer();
    await vcsim.write((await freshServer()).name, 0, noise(MIB));
    await expect(
      transfers.transfer(source, id, 'run-1', { signal: AbortSignal.abort(new Error('stopped')) }),
    ).rejects.toThrow();
    const points = await pointsIn(`${transfers.folder}/state`);
    expect(points).toHaveLength(1);
    const next = await transfers.open();
    expect(await next.sweep!(points)).toBe(0);
    expect(await next.sweep!([])).toBe(1);
  });

  test('by a removal that vCenter did not finish is consolidated before and after', async () => {
    const { id, name } = await freshServer();
    await vcsim.vm(name, { Fragmented: true });
    await vcsim.counts();
    const [point] = await source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' });
    expect((await vcsim.counts()).ConsolidateVMDisks_Task).toBe(1);
    await vcsim.vm(name, { Fragmented: true });
    await point!.release();
    expect((await vcsim.counts()).ConsolidateVMDisks_Task).toBe(1);
  });

  test('a snapshot whose removal vCenter refuses for a while is removed in the end', async () => {
    const { id, name } = await freshServer();
    const [point] = await source.freeze([id], { quiesce: 'no', name: 'rehost/run-1' });
    await vcsim.control('/soap-fault', {
      Method: 'RemoveSnapshot_Task',
      Type: 'TaskInProgress',
      Message: 'busy',
      Count: 1,
    });
    await point!.release();
    expect(await snapshots(name)).toEqual([]);
  });
});

describeHere('a check', () => {
  test.each([
    [{ RDM: true }, 'RawDeviceMapping', 'is a raw device mapping; convert it to a virtual disk'],
    [
      { Independent: true },
      'IndependentDisk',
      'is independent, so that no snapshot freezes it; set its mode to dependent',
    ],
    [{ Shared: true }, 'SharedDisk', 'is shared with other servers'],
    [
      { Encrypted: true },
      'EncryptedServer',
      'is encrypted, and so its disks cannot be read; give it a storage policy without',
    ],
  ])('names what keeps a server from being replicated: %j', async (change, code, message) => {
    const { id, name } = await freshServer();
    await vcsim.vm(name, change);
    expect(await source.check(id)).toEqual([{ code, message: expect.stringContaining(message) }]);
  });

  test('names too many disks', async () => {
    const { id, name } = await freshServer();
    for (let disks = 1; disks < 23; disks++) await vcsim.vm(name, { AddDisk: 1024 });
    expect(await source.check(id)).toEqual([
      {
        code: 'TooManyDisks',
        message: `${name} has 23 disks, and at most 22 can be migrated; move some to another server`,
      },
    ]);
  });

  test('names only privileges that the way of reading needs', async () => {
    const { id } = await freshServer();
    await vcsim.control('/revoke', ['VApp.Export', 'Datastore.FileManagement']);
    const lacking = async (reader: string) => {
      const [problem] = await (await transfers.open(`pin=${vcsim.pin}&reader=${reader}`)).check(id);
      return problem!.message.replace(/ on .*?(,|;)/g, '$1').replace(/;.*/, '');
    };
    expect(await lacking('datastore')).toBe('user rehost@vsphere.local lacks Datastore.FileManagement');
    expect(await lacking('export')).toBe('user rehost@vsphere.local lacks VApp.Export');
    expect(await lacking('auto')).toBe('user rehost@vsphere.local lacks VApp.Export, Datastore.FileManagement');
    await vcsim.control('/revoke', []);
  });

  test('names the privileges that the user lacks', async () => {
    const { id } = await freshServer();
    await vcsim.control('/revoke', ['VirtualMachine.State.RemoveSnapshot', 'Datastore.Browse']);
    expect(await source.check(id)).toEqual([
      {
        code: 'MissingPrivileges',
        message: expect.stringMatching(
          `^user rehost@vsphere.local lacks VirtualMachine.State.RemoveSnapshot on ${id}, Datastore.Browse on \\S+; add them to the user's role in vCenter`,
        ),
      },
    ]);
    await vcsim.control('/revoke', []);
    expect(await source.check(id)).toEqual([]);
  });
});
