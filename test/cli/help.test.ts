import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { approve } from '../../lib/cli/approve.ts';
import { boot } from '../../lib/cli/boot.ts';
import type { Command } from '../../lib/cli/command.ts';
import { connector } from '../../lib/cli/connector.ts';
import { connectors } from '../../lib/cli/connectors.ts';
import { engine } from '../../lib/cli/engine.ts';
import { events } from '../../lib/cli/events.ts';
import { exportImage } from '../../lib/cli/export.ts';
import { fsck } from '../../lib/cli/fsck.ts';
import { helpOf } from '../../lib/cli/help.ts';
import { importCatalog } from '../../lib/cli/import.ts';
import { COMMANDS } from '../../lib/cli/main.ts';
import { migrate } from '../../lib/cli/migrate.ts';
import { preflight } from '../../lib/cli/preflight.ts';
import { status } from '../../lib/cli/status.ts';
import { up } from '../../lib/cli/up.ts';
import { rehost } from '../support/process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** As `rehost` loads them, which jest cannot. */
const LOADED: Readonly<Record<string, Command>> = {
  ...{ up, migrate, connector, engine, export: exportImage, boot, preflight, fsck },
  ...{ status, events, import: importCatalog, approve, connectors },
};

test('rehost prints the help of a command', async () => {
  expect(Object.keys(LOADED)).toEqual(Object.keys(COMMANDS));
  const expected = `${helpOf('up', COMMANDS.up!.summary, up)}\n`;
  expect(await rehost(['up', '--help'])).toEqual({ status: 0, stdout: expected, stderr: '' });
  expect((await rehost(['help', 'up'])).stdout).toBe(expected);
});

describe.each(Object.entries(LOADED))('the help of rehost %s', (name, command) => {
  const { options, arguments: expected = [], examples } = command;
  const help = helpOf(name, COMMANDS[name]!.summary, command);

  test('shows how it is called, what it does, and every option that it takes and no other', () => {
    const [usage, , does] = help.split('\n');
    expect([usage, does]).toEqual([expect.stringMatching(`^usage: rehost ${name}`), expect.stringMatching(/^[A-Z]/)]);
    const shown = [...help.matchAll(/^ {2}--([\w-]+)(?: (\S+))?(?: {2,}|\n {20,})\S/gm)];
    expect(shown.map(([, option]) => option)).toEqual([...Object.keys(options), 'help']);
    for (const [, option = '', value] of shown.slice(0, -1))
      expect([option, value]).toEqual([
        option,
        options[option]!.type === 'string' ? options[option]!.value : undefined,
      ]);
    expect(Math.max(...help.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  test('has examples that it takes, with all that it needs', () => {
    for (const { line } of examples) {
      const [called, ...args] = /(?:^| )rehost (.*)$/.exec(line)![1]!.split(' ');
      const { values, positionals } = parseArgs({ args, options: { ...options }, allowPositionals: true });
      expect(called).toBe(name);
      expect(positionals.length).toBeLessThanOrEqual(expected.length);
      expect(positionals.length).toBeGreaterThanOrEqual(expected.filter(({ optional }) => !optional).length);
      for (const [option, { required }] of Object.entries(options)) if (required) expect(values).toHaveProperty(option);
    }
  });

  test('names every option that its code reads', () => {
    const text = readFileSync(join(ROOT, 'lib', 'cli', `${name}.ts`), 'utf8');
    const read = [...text.matchAll(/\bvalues\.(\w+)|\bvalues\['([\w-]+)'\]/g)].map(([, one, other]) => one ?? other);
    expect(read.filter((option) => !Object.hasOwn(options, option!))).toEqual([]);
  });
});

const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((page) => join('docs', page))];
const calls = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/rehost (?:-- )?([a-z]+)( [^`\n]*--[^`\n]*)/g),
  ])
  .filter(([, name]) => Object.hasOwn(LOADED, name!));

test('the documentation calls commands with options that they take', () => {
  const wrong = calls.filter(([, name, words]) =>
    [...words!.matchAll(/ --([a-z-]+)/g)].some(
      ([, option]) => option !== 'help' && !Object.hasOwn(LOADED[name!]!.options, option!),
    ),
  );
  expect(wrong.map(([call]) => call)).toEqual([]);
  expect(calls.length).toBeGreaterThan(10);
});
