import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readVmdkStream } from '../../../lib/connector/formats/vmdk-stream.ts';
import { openExportLease } from '../../../lib/connector/vsphere/export-lease.ts';
import { propertiesOf } from '../../../lib/connector/vsphere/properties.ts';
import { createSnapshot } from '../../../lib/connector/vsphere/snapshots.ts';
import { VimSession } from '../../../lib/connector/vsphere/vim-session.ts';
import { disksAmong } from '../../../lib/connector/vsphere/virtual-disks.ts';
import { missingQemu, qemuImg } from '../../support/qemu.ts';
import { missingVcsim, PASSWORD, startVcsim, USER, type Vcsim } from '../../support/vcsim.ts';
import { noise } from './transfers.ts';

const missing = missingVcsim ?? missingQemu;
const describeHere = missing ? describe.skip : describe;
if (missing) test.skip(`a peer of exports: ${missing}`, () => {});

const NAME = 'DC0_C0_RP0_VM0';
let vcsim: Vcsim;
beforeAll(async () => {
  if (!missing) vcsim = await startVcsim('-vm', '1', '-mib', '70');
}, 300_000);
afterAll(() => vcsim?.stop());

async function* pieces(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 16_384) yield bytes.subarray(at, at + 16_384);
}

describeHere('the export of a disk', () => {
  test('is a streamOptimized VMDK: qemu reads the same of it as we do', async () => {
    for (const [offset, length] of [
      [100_000, 3_000_000],
      [40_000_000, 100],
      [73_000_000, 400_000],
    ] as const)
      await vcsim.write(NAME, offset, noise(length));
    const { id, disks } = await vcsim.vm(NAME);
    const session = new VimSession({
      url: new URL(vcsim.url),
      user: USER,
      password: async () => PASSWORD,
      passwordOrigin: 'the test',
      trust: { pin: vcsim.pin },
    });
    const vm = { type: 'VirtualMachine', id };
    const snapshot = await createSnapshot(session, vm, { name: 'rehost/test', owner: 'test', quiesce: false });
    const config = await propertiesOf(session, snapshot, ['config.hardware.device']);
    const [disk] = disksAmong(config!.get('config.hardware.device'));
    const lease = await openExportLease(session, snapshot);
    const parts: Buffer[] = [];
    for await (const part of await lease.download(disk!)) parts.push(part);
    await lease.close();
    await session.close();

    const [stream, vmdk, raw] = [Buffer.concat(parts), join(vcsim.folder, 'disk.vmdk'), join(vcsim.folder, 'disk.raw')];
    writeFileSync(vmdk, stream);
    expect(JSON.parse(qemuImg('info', '--output=json', '-f', 'vmdk', vmdk))).toMatchObject({
      'virtual-size': disk!.size,
      'format-specific': { data: { 'create-type': 'streamOptimized' } },
    });
    qemuImg('convert', '-f', 'vmdk', '-O', 'raw', vmdk, raw);
    const ours = Buffer.alloc(disk!.size);
    for await (const { offset, data } of readVmdkStream(pieces(stream), disk!.size)) data.copy(ours, offset);
    expect(readFileSync(raw).equals(ours)).toBe(true);
    expect(readFileSync(disks[0]!).equals(ours)).toBe(true);
  });
});
