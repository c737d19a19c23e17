import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSource } from '../../../lib/connector/open-source.ts';
import { parseXml, textOf } from '../../../lib/connector/vsphere/xml.ts';
import { missingOpenssl, serveHttps } from '../../support/https.ts';

const describeHere = missingOpenssl ? describe.skip : describe;
if (missingOpenssl) test.skip(`what is no vCenter: ${missingOpenssl}`, () => {});

const envelope = (body: string) =>
  `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>${body}</e:Body></e:Envelope>`;
const refs = ['rootFolder', 'propertyCollector', 'authorizationManager', 'sessionManager']
  .map((name) => `<${name} type="X">x</${name}>`)
  .join('');
const content = (about: string) =>
  envelope(
    `<RetrieveServiceContentResponse xmlns="urn:vim25"><returnval>${refs}<about>${about}</about></returnval></RetrieveServiceContentResponse>`,
  );
const VCENTER = content('<instanceUuid>1-2</instanceUuid><apiVersion>8.0.3.0</apiVersion>');
const loggedIn = envelope('<LoginResponse xmlns="urn:vim25"><returnval><key>k</key></returnval></LoginResponse>');
const fault = (kind: string, text: string) =>
  envelope(
    `<e:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${text}</faultstring><detail><${kind}Fault xmlns="urn:vim25" xsi:type="${kind}"/></detail></e:Fault>`,
  );

/** What is answered to a method, or how. */
let answers: Record<string, string | ((response: ServerResponse) => void)> = {};
let server: Awaited<ReturnType<typeof serveHttps>>;
let folder: string;
beforeAll(async () => {
  if (missingOpenssl) return;
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  writeFileSync(join(folder, 'password'), 'hunter2', { mode: 0o600 });
  server = await serveHttps(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const answer = answers[/<Body><(\w+)/.exec(body)?.[1] ?? ''] ?? '';
    if (typeof answer === 'function') return answer(response);
    response.setHeader('set-cookie', 'vmware_soap_session="s"; Path=/');
    response.end(answer);
  });
});
afterAll(async () => {
  await server?.close();
  if (folder) rmSync(folder, { recursive: true });
});

const open = () =>
  openSource(`vsphere:https://${server.host}/?user=me&password-file=${folder}/password&pin=${server.pin}`);

describeHere('an answer that no vCenter gives', () => {
  test.each([
    ['nothing', '', 'an answer is no XML'],
    ['a page for people', '<!DOCTYPE html><html></html>', 'an answer declares a document type'],
    [
      'entities that grow',
      '<!DOCTYPE x [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
      'an answer declares a document type',
    ],
    ['broken XML', '<a><b></a>', 'an answer is no XML'],
    ['half of it', VCENTER.slice(0, 300), 'an answer is no XML'],
    ['another document', '<a/>', 'the answer to RetrieveServiceContent at 127.0.0.1'],
    ['deep nesting', `${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}`, 'Maximum nested tags exceeded'],
    ['the name of a prototype', envelope('<__proto__><x>1</x></__proto__>'), 'an answer cannot be read'],
    [
      'no properties',
      content('<instanceUuid>1</instanceUuid><apiVersion>7.0</apiVersion>').replace(/<rootFolder.*?rootFolder>/, ''),
      'an answer has no rootFolder',
    ],
  ])('fails by name: %s', async (_, answer, message) => {
    answers = { RetrieveServiceContent: answer };
    await expect(open()).rejects.toMatchObject({
      name: 'MalformedAnswerError',
      message: expect.stringContaining(message),
    });
  });

  test('fails when it has no end', async () => {
    let sent = 0;
    const endless = (response: ServerResponse) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(2 ** 20, '<a>'))) sent++;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    answers = { RetrieveServiceContent: endless };
    await expect(open()).rejects.toThrow('has more than 67108864 bytes');
    expect(sent).toBeLessThan(200);
  });

  test.each([
    [
      'a single host',
      content('<apiVersion>7.0</apiVersion>'),
      'is a single host; give the address of the vCenter that manages it',
    ],
    [
      'an old vCenter',
      content('<instanceUuid>1</instanceUuid><apiVersion>5.5</apiVersion>'),
      'speaks version 5.5 of the API; 6.5 or later is needed',
    ],
    [
      'another status',
      (response: ServerResponse) => void response.writeHead(503).end('busy'),
      'answers RetrieveServiceContent with HTTP status 503',
    ],
    ['a connection cut', (response: ServerResponse) => void response.destroy(), 'cannot be reached: socket hang up'],
    [
      'an answer cut',
      (response: ServerResponse) =>
        void response.writeHead(200, { 'content-length': 100 }).write('<a>', () => response.destroy()),
      'broke off: aborted',
    ],
  ])('fails by name: %s', async (_, answer, message) => {
    answers = { RetrieveServiceContent: answer };
    await expect(open()).rejects.toMatchObject({
      name: 'VcenterUnreachableError',
      message: expect.stringContaining(message),
    });
  });

  test('a fault is told in its own words, without the password', async () => {
    answers = {
      RetrieveServiceContent: VCENTER,
      Login: fault('NoPermission', 'Permission to &lt;perform&gt; was denied.'),
    };
    const error = await open().catch((caught: Error) => caught as Error);
    expect(error).toMatchObject({
      name: 'VimFaultError',
      fault: 'NoPermission',
      message: `Login at ${server.host}: NoPermission (Permission to <perform> was denied.)`,
    });
  });

  test('a connection that the other end closed meanwhile is replaced', async () => {
    const requests: number[] = [];
    const once = (answer: string) => (response: ServerResponse) => {
      const { socket } = response as ServerResponse & { socket: { asked?: number } };
      socket.asked = (socket.asked ?? 0) + 1;
      requests.push(socket.asked);
      if (socket.asked > 1) return void socket.destroy();
      response.writeHead(200, { 'set-cookie': 'vmware_soap_session="s"' }).end(answer);
    };
    answers = {
      RetrieveServiceContent: once(VCENTER),
      Login: once(loggedIn),
      Logout: once(envelope('<LogoutResponse/>')),
    };
    const source = await open();
    await source.close!();
    expect(requests).toEqual([1, 2, 1, 2, 1]);
  });

  test('a list of changes that goes behind the disk, or does not go on, fails', async () => {
    answers = { RetrieveServiceContent: VCENTER, Login: loggedIn, Logout: envelope('<LogoutResponse/>') };
    const source = await open();
    const property = (name: string, value: string) => `<propSet><name>${name}</name>${value}</propSet>`;
    const tree = `<val><rootSnapshotList><snapshot type="VirtualMachineSnapshot">snapshot-1</snapshot><name>rehost%2frun</name><description>x [rehost ${'o'.repeat(3)}]</description><createTime>2026-01-01T00:00:00Z</createTime></rootSnapshotList></val>`;
    const device = `<val><VirtualDevice xsi:type="VirtualDisk"><key>2000</key><capacityInBytes>1000</capacityInBytes><backing xsi:type="VirtualDiskFlatVer2BackingInfo"><changeId>u/1</changeId></backing></VirtualDevice></val>`;
    answers.RetrievePropertiesEx = envelope(
      `<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="X">x</obj>${property('snapshot', tree)}${property('config.hardware.device', device)}</objects></returnval></RetrievePropertiesExResponse>`,
    );
    await source.close!();
    const owned = await openSource(
      `vsphere:https://${server.host}/?user=me&password-file=${folder}/password&pin=${server.pin}&owner=ooo&reader=export`,
    );
    const point = await owned.reopen('{"server":"vm-1","snapshot":"snapshot-1"}');
    const [disk] = await point!.disks();
    const changes = async (areas: string) => {
      answers.QueryChangedDiskAreas = envelope(
        `<QueryChangedDiskAreasResponse xmlns="urn:vim25"><returnval><startOffset>0</startOffset>${areas}</returnval></QueryChangedDiskAreasResponse>`,
      );
      const extents: object[] = [];
      for await (const extent of disk!.changedSince('1000 u/0')) extents.push(extent);
      return extents;
    };
    const area = (start: number, length: number) =>
      `<changedArea><start>${start}</start><length>${length}</length></changedArea>`;
    expect(await changes(`<length>1000</length>${area(0, 5)}${area(900, 100)}`)).toEqual([
      { offset: 0, length: 5 },
      { offset: 900, length: 100 },
    ]);
    await expect(changes(`<length>1000</length>${area(990, 11)}`)).rejects.toThrow('disk 2000 changed behind its end');
    await expect(changes('<length>0</length>')).rejects.toThrow('does not go on behind 0');
    await expect(changes(`<length>-5</length>${area(0, 1)}`)).rejects.toThrow('no sensible number in length');
    await expect(disk!.changedSince('999 u/0')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      name: 'ChangesUnknownError',
    });
    await owned.close!();
  });
});

describe('XML', () => {
  test('entities are decoded once, those that are declared by nobody not at all', () => {
    const text = (xml: string) => textOf(parseXml(xml), 'a');
    expect(text('<a>1 &amp;lt; 2 &#65;&#x1F600; &gt;&quot;&apos; &nbsp; &#x110000;</a>')).toBe(
      '1 &lt; 2 A😀 >"\' &nbsp; &#x110000;',
    );
  });
});
