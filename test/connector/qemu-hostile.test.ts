import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { quiesce } from '../../lib/connector/qemu/guest-agent.ts';
import { qemuSource } from '../../lib/connector/qemu/qemu-source.ts';
import type { Source } from '../../lib/connector/source.ts';

type Answer = (command: string, write: (text: string) => void, args: Record<string, unknown>) => void;

let folder: string;
let servers: Server[] = [];
let source: Source;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehost-'));
  mkdirSync(join(folder, 'scratch'));
  source = qemuSource(folder, { scratch: join(folder, 'scratch') });
});
afterEach(async () => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(folder, { recursive: true });
});

/** A socket that greets and answers each command as told. */
async function listen(name: string, greeting: string, answer: Answer) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(greeting);
    createInterface({ input: socket }).on('line', (line) => {
      const { execute, arguments: args } = JSON.parse(line.replaceAll('\ufffd', ''));
      answer(execute, (text) => socket.write(text), args);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
}

const GREETING = '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": []}}\r\n';
const qmp = (answers: Readonly<Record<string, string>>) =>
  listen('db1.qmp', GREETING, (command, write) =>
    write(
      `${answers[command] ?? (/^query-(named-block-nodes|iothreads|block)$/.test(command) ? '{"return": []}' : '{"return": {}}')}\n`,
    ),
  );

describe('what says that it is QEMU', () => {
  test.each<[string, string, RegExp]>([
    ['speaks something else', 'SSH-2.0-OpenSSH\n', /does not speak JSON: SSH-2.0/],
    ['greets as something else', '{"hello": 1}\n', /is not a QMP socket of QEMU/],
    ['greets without a version', '{"QMP": {}}\n', /QEMU answers the greeting with undefined/],
    ['sends a line without end', 'x'.repeat(2 ** 24 + 1), /sends a line of more than/],
  ])('fails by name when it %s', async (_, greeting, message) => {
    await listen('db1.qmp', greeting, () => {});
    await expect(source.check('db1')).rejects.toThrow(message);
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['no list of disks', { 'query-block': '{"return": 7}' }, /QEMU answers query-block with 7/],
    [
      'a disk without a size',
      { 'query-block': JSON.stringify({ return: [{ qdev: '/a', inserted: { 'node-name': 'n', image: {} } }] }) },
      /query-block/,
    ],
    [
      'a size that is absurd',
      {
        'query-block': JSON.stringify({
          return: [{ qdev: '/a', inserted: { 'node-name': 'n', image: { 'virtual-size': 1e300 } } }],
        }),
      },
      /query-block with 1e\+300/,
    ],
    [
      'a node without a name',
      { 'query-named-block-nodes': '{"return": [{}]}' },
      /answers query-(named-block-nodes|block) with/,
    ],
    ['an error without words', { 'query-block': '{"error": {}}' }, /QEMU refuses query-block/],
    ['events without end', { 'query-block': '{"event": "X"}\n'.repeat(10_001) }, /without end/],
  ])('fails by name when it answers with %s', async (_, answers, message) => {
    await qmp(answers);
    await expect(source.check('db1')).rejects.toThrow(message);
    await expect(source.freeze(['db1'], { quiesce: 'no', name: 'x' })).rejects.toThrow(message);
  });

  test('too old a QEMU, too many disks and odd sectors are problems', async () => {
    await listen('old.qmp', GREETING.replace('"major": 7', '"major": 6'), (_, write) => write('{"return": []}\n'));
    expect(await source.check('old')).toMatchObject([{ code: 'QemuTooOld' }]);
    const disk = (number: number) => ({
      qdev: `/machine/peripheral/d${number}`,
      inserted: { 'node-name': `n${number}`, image: { 'virtual-size': 2 ** 47 } },
    });
    await qmp({
      'query-block': JSON.stringify({ return: Array.from({ length: 23 }, (_, number) => disk(number)) }),
      'qom-get': '{"return": 4096}',
    });
    const codes = (await source.check('db1')).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['DiskTooLarge', 'SectorSize', 'TooManyDisks']));
  });
});

describe('a guest’s agent', () => {
  const guest = () => ({ id: 'db1', qmp: join(folder, 'db1.qmp'), agent: join(folder, 'db1.qga') });
  const agent = async (freeze: string, thaw = '{"return": 2}\n') => {
    const asked: string[] = [];
    await listen('db1.qga', '', (command, write, args) => {
      asked.push(command);
      if (command === 'guest-sync-delimited') write(`{"return": 99}\n${JSON.stringify({ return: args.id })}\n`);
      else write(command === 'guest-fsfreeze-freeze' ? freeze : thaw);
    });
    return asked.filter.bind(asked, (command: string) => command !== 'guest-sync-delimited');
  };

  test('freezes and thaws', async () => {
    const asked = await agent('{"return": 2}\n');
    const { thaw } = await quiesce(guest());
    expect(asked()).toEqual(['guest-fsfreeze-freeze']);
    expect(await thaw()).toBe(true);
    expect(asked()).toEqual(['guest-fsfreeze-freeze', 'guest-fsfreeze-thaw']);
  });

  test('that let file systems go by itself did not hold them', async () => {
    await agent('{"return": 2}\n', '{"return": 0}\n');
    expect(await (await quiesce(guest())).thaw()).toBe(false);
  });

  test('fails by name when there is nothing that it could hold', async () => {
    await agent('{"return": 0}\n', '{"return": 0}\n');
    await expect(quiesce(guest())).rejects.toMatchObject({
      name: 'QuiesceError',
      message: expect.stringContaining('no file system that it can hold still'),
    });
  });

  test('is told to thaw even when it says that it did not freeze', async () => {
    const asked = await agent('{"error": {"desc": "already frozen"}}\n');
    await expect(quiesce(guest())).rejects.toMatchObject({
      name: 'QuiesceError',
      message: expect.stringContaining('already frozen'),
    });
    expect(asked()).toEqual(['guest-fsfreeze-freeze', 'guest-fsfreeze-thaw']);
  });

  test('that is absent fails by name, with what to do', async () => {
    await expect(quiesce(guest())).rejects.toMatchObject({
      name: 'QuiesceError',
      message: expect.stringMatching(/nobody listens on .*db1.qga; start it with/),
    });
  });
});
