import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkSourceSpec } from '../../../lib/connector/open-source.ts';
import { PRIVILEGES } from '../../../lib/connector/vsphere/privileges.ts';
import { OPTIONS, vsphereOptionsOf } from '../../../lib/connector/vsphere/vsphere-spec.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  file = join(folder, 'password');
  writeFileSync(file, 'secret\r\nmore', { mode: 0o600 });
  writeFileSync(join(folder, 'open'), 'secret', { mode: 0o644 });
  writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----');
});
afterAll(() => rmSync(folder, { recursive: true }));

const filled = (text: string) => text.replaceAll('FILE', file).replace('FOLDER', folder);

describe('the address of a vCenter', () => {
  test('is read with its options', async () => {
    const { vcenter, reader, owner } = vsphereOptionsOf(
      filled(
        `https://vc.example.com:8443?user=DOMAIN\\me&password-file=FILE&pin=${'aB:'.repeat(31)}Cd&reader=export&owner=a.b-1`,
      ),
    );
    expect({ url: vcenter.url.href, user: vcenter.user, trust: vcenter.trust, reader, owner }).toEqual({
      url: 'https://vc.example.com:8443/',
      user: 'DOMAIN\\me',
      trust: { pin: `${'AB'.repeat(31)}CD` },
      reader: 'export',
      owner: 'a.b-1',
    });
    expect(await vcenter.password()).toBe('secret');
  });

  test('names an owner for each state folder, the same each time', () => {
    const owner = (stateFolder: string) =>
      vsphereOptionsOf(filled('https://vc/?user=me&password-file=FILE&ca=FOLDER/ca.pem'), { stateFolder }).owner;
    expect(owner('/a')).toBe(owner('/a'));
    expect(owner('/a')).not.toBe(owner('/b'));
  });

  test.each([
    ['vcenter', 'vsphere: needs the address of a vCenter by https, as in '],
    ['http://vc/?user=me', 'vsphere: needs the address of a vCenter by https, as in '],
    ['https://me:hunter2@vc/?user=me', 'vsphere:https://vc: names and passwords do not belong into the address'],
    ['https://vc/sdk?user=me', 'vsphere:https://vc: the address has no path; write '],
    ['https://vc/?password-file=FILE', 'vsphere:https://vc: user= is missing: '],
    ['https://vc/?user=me', 'vsphere:https://vc: give either password-file=FILE or password-command=COMMAND'],
    [
      'https://vc/?user=me&password-file=FILE&password-command=x',
      'vsphere:https://vc: give either password-file=FILE or ',
    ],
    [
      'https://vc/?user=me&password=hunter2',
      'vsphere:https://vc: unknown option; the options are user, password-file, ',
    ],
    ['https://vc/?user=me&user=you', 'vsphere:https://vc: user= is given twice'],
    [
      'https://vc/?user=me&password-file=FILE&pin=12',
      'vsphere:https://vc: pin= is the SHA-256 of the certificate: 64 ',
    ],
    ['https://vc/?user=me&password-file=FILE&ca=FILE', 'has no certificate in PEM'],
    ['https://vc/?user=me&password-file=FILE&ca=FOLDER/no', 'cannot be read: ENOENT'],
    ['https://vc/?user=me&password-file=FILE&ca=FOLDER/ca.pem&pin=1', 'vsphere:https://vc: give either pin= or ca='],
    [
      'https://vc/?user=me&password-file=FILE&reader=nfc',
      'vsphere:https://vc: reader=nfc: give auto, datastore, export',
    ],
    ['https://vc/?user=me&password-file=FILE&owner=a%20b', 'vsphere:https://vc: owner= is one word'],
    ['https://vc/?user=me&password-file=FOLDER/no', 'there is no such file; write the password into it'],
    ['https://vc/?user=me&password-file=FOLDER/open', 'others may read it; run chmod 600 '],
  ])('fails for %s', (place, message) => {
    const check = () => checkSourceSpec(`vsphere:${filled(place)}`);
    expect(check).toThrow(
      expect.objectContaining({ name: 'SourceSpecError', message: expect.stringContaining(message) }),
    );
    expect(check).not.toThrow('hunter2');
  });
});

test('docs/vsphere.md has every option, privilege and problem', () => {
  const text = readFileSync(join(ROOT, 'docs', 'vsphere.md'), 'utf8');
  const problems = readFileSync(join(ROOT, 'lib', 'connector', 'vsphere', 'problems.ts'), 'utf8');
  const codes = [...problems.matchAll(/(?:add|problem|code:)\s*\(?\s*'(\w+)'/g)].map(([, code]) => `\`${code}`);
  expect(codes.length).toBeGreaterThan(10);
  const options = OPTIONS.map((option) => `\`${option}=\``);
  const privileges = PRIVILEGES.map(({ privilege }) => `\`${privilege}\``);
  expect([...options, ...privileges, ...codes].filter((words) => !text.includes(words))).toEqual([]);
});
