import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openSource } from '../../../lib/connector/open-source.ts';
import type { Source } from '../../../lib/connector/source.ts';
import { missingVcsim, PASSWORD, startVcsim, USER, type Vcsim } from '../../support/vcsim.ts';

const describeHere = missingVcsim ? describe.skip : describe;
if (missingVcsim) test.skip(`a vCenter: ${missingVcsim}`, () => {});

let vcsim: Vcsim;
const sources: Source[] = [];
const open = async (spec: string) => {
  const source = await openSource(spec);
  sources.push(source);
  return source;
};
const gathered = async <T>(items: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

beforeAll(async () => {
  if (!missingVcsim) vcsim = await startVcsim('-vm', '1000', '-app', '1', '-mib', '1');
}, 300_000);
afterAll(() => vcsim?.stop());
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close!();
});

describeHere('the inventory', () => {
  test('has all servers with their ids and paths, in pages', async () => {
    const source = await open(vcsim.spec());
    await vcsim.counts();
    const begin = performance.now();
    const servers = await gathered(source.inventory());
    console.log(`inventory of ${servers.length} servers: ${Math.round(performance.now() - begin)} ms`);
    const { RetrievePropertiesEx, ContinueRetrievePropertiesEx, ...others } = await vcsim.counts();
    expect([RetrievePropertiesEx, ContinueRetrievePropertiesEx, others]).toEqual([2, 7, {}]);
    expect(new Set(servers.map(({ vmId }) => vmId)).size).toBe(servers.length);
    const inFolder = servers.find(({ vmName }) => vmName === 'DC0_C0_RP0_VM7')!;
    expect(inFolder).toEqual({
      ...(await idOf('DC0_C0_RP0_VM7')),
      vmName: 'DC0_C0_RP0_VM7',
      vmPath: '/Datacenters/DC0/vm/DC0_C0_RP0_VM7',
    });
    expect(servers.find(({ vmName }) => vmName === 'DC0_C0_APP0_VM0')).toMatchObject({
      vmPath: '/Datacenters/DC0/vm/DC0_C0_APP0/DC0_C0_APP0_VM0',
    });
  });

  test('is whole although the session ends between two pages, and has each server once', async () => {
    const source = await open(vcsim.spec());
    const ids: string[] = [];
    for await (const { vmId } of source.inventory()) {
      ids.push(vmId);
      if (ids.length === 300 || ids.length === 900) await vcsim.control('/expire-sessions');
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe((await gathered(source.inventory())).length);
  });

  test('has vApps as applications, with a group for each place in the order of start', async () => {
    const source = await open(vcsim.spec());
    const [app, ...others] = await gathered(source.applications!());
    expect(others).toEqual([]);
    expect(app).toMatchObject({ name: 'DC0_C0_APP0', description: 'orders & <more>' });
    expect(app!.serverGroups.slice(0, 2)).toEqual([
      { name: 'start-order-1', vmIds: [(await idOf('DC0_C0_APP0_VM0')).vmId] },
      { name: 'start-order-2', vmIds: [(await idOf('DC0_C0_APP0_VM1')).vmId] },
    ]);
  });

  const idOf = async (name: string) => ({ vmId: (await vcsim.vm(name)).id });
});

describeHere('a connection', () => {
  test('by an authority, and by a pin however it is written', async () => {
    const { manager } = await open(vcsim.spec());
    expect(manager).toMatchObject({ name: '127.0.0.1', type: 'VSPHERE', id: expect.stringMatching(/^[0-9A-F-]{36}$/) });
    const pin = vcsim.pin.toLowerCase().replace(/..(?=.)/g, '$&:');
    expect((await open(vcsim.spec(`pin=${pin}`))).manager).toEqual(manager);
  });

  test('fails for a certificate that nobody vouches for, says which it is, and sends nothing', async () => {
    await vcsim.counts();
    await expect(open(vcsim.spec(''))).rejects.toMatchObject({
      name: 'UntrustedCertificateError',
      message: expect.stringMatching(
        new RegExp(
          `^the certificate of 127.0.0.1:\\d+ is not trusted \\(DEPTH_ZERO_SELF_SIGNED_CERT\\): give ca=FILE .*, or, once you have compared it .*, pin=${vcsim.pin}$`,
        ),
      ),
    });
    expect(await vcsim.counts()).toEqual({});
  });

  test('fails for another certificate than the pinned one, and sends nothing', async () => {
    await expect(open(vcsim.spec(`pin=${'0'.repeat(64)}`))).rejects.toMatchObject({
      name: 'UntrustedCertificateError',
      message: expect.stringMatching(
        /has the certificate ([0-9A-F]{2}:){31}.. \(SHA-256\), not the one that is pinned; if it was renewed/,
      ),
    });
    expect(await vcsim.counts()).toEqual({});
  });

  test('fails when nobody listens', async () => {
    const spec = `vsphere:https://127.0.0.1:1/?user=x&password-file=${join(vcsim.folder, 'password')}`;
    await expect(open(spec)).rejects.toMatchObject({
      name: 'VcenterUnreachableError',
      message:
        '127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1; check the address, the network and that the machine runs',
    });
  });

  test('fails for a wrong password, does not show it, and sends it once: five refusals lock an account', async () => {
    const file = join(vcsim.folder, 'password');
    const source = await open(vcsim.spec());
    writeFileSync(file, 'wrong-secret\n');
    await vcsim.control('/expire-sessions');
    await vcsim.counts();
    const message = `${new URL(vcsim.url).host} refuses user ${USER} with the password of ${file}; put the right one there (the user with its domain, as rehost@vsphere.local)`;
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(source.check('vm-1')).rejects.toMatchObject({ name: 'VcenterLoginError', message });
    expect((await vcsim.counts()).Login).toBe(1);
    writeFileSync(file, `${PASSWORD}\n`);
    await expect(source.check('vm-1')).rejects.toMatchObject({ name: 'ServerNotFoundError' });
  });

  test('with the password of a command; what the command complains of is not shown', async () => {
    const spec = (command: string) =>
      `vsphere:${vcsim.url}/?user=${USER}&password-command=${encodeURIComponent(command)}&pin=${vcsim.pin}`;
    const password = readFileSync(join(vcsim.folder, 'password'), 'utf8').trim();
    expect((await open(spec(`echo '${password}'; echo more`))).manager.type).toBe('VSPHERE');
    await expect(open(spec('echo my-secret; echo my-secret >&2; exit 3'))).rejects.toMatchObject({
      name: 'VcenterLoginError',
      message: 'password-command ended with status 3; run it by hand to see why',
    });
    await expect(open(spec('true'))).rejects.toThrow('there is no password in the first line of password-command');
  });

  test('fails when the file of the password can be read by others by then', async () => {
    const source = await open(vcsim.spec());
    const file = join(vcsim.folder, 'password');
    chmodSync(file, 0o640);
    await vcsim.control('/expire-sessions');
    await expect(source.check('vm-1')).rejects.toThrow(
      `password-file=${file}: others may read it; run chmod 600 ${file}`,
    );
    chmodSync(file, 0o600);
  });
});
