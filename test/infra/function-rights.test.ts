import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { kebabCase } from '../../lib/infra/function.ts';
import { FUNCTION_RIGHTS } from '../../lib/infra/function-rights.ts';
import { TASKS } from '../../lib/workflows/tasks.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PORTS = ['store', 'workflows', 'objects', 'snapshots', 'images', 'stacks', 'commands', 'connectors'];
const CALL = new RegExp(`(?<![\\w$])(${PORTS.join('|')})\\??\\.(\\w+)\\(`, 'g');
/** A local name like that of a port, and a method of every Map or list. */
const NOT_OF_PORTS = /\.(set|has|filter|some|map)$|^images\.get$/;

/** Calls of ports in the code of each task, as esbuild shakes it out of the files that it imports. */
const calls = new Map<string, { ports: string[]; adds: boolean; secret: boolean; file: string }>();

beforeAll(async () => {
  const entryPoints = Object.keys(TASKS).map((name) => {
    const file = readFileSync(join(ROOT, 'lambdas', `${kebabCase(name)}.ts`), 'utf8');
    return { name, file, entry: /'\.\.\/(lib\/workflows\/[^']+)'/.exec(file)![1]! };
  });
  const { outputFiles } = await build({
    entryPoints: entryPoints.map(({ name, entry }) => ({ in: join(ROOT, entry), out: name })),
    outdir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: ['@aws-sdk/*'],
    logLevel: 'error',
  });
  for (const { name, file } of entryPoints) {
    const { text } = outputFiles.find(({ path }) => path.endsWith(`/${name}.js`))!;
    const found = [...text.matchAll(CALL)].map(([, port, method]) => `${port}.${method}`);
    calls.set(name, {
      ports: [...new Set(found)].filter((call) => !NOT_OF_PORTS.test(call)),
      adds: /\bsums:/.test(text),
      secret: text.includes('tokenSecret'),
      file,
    });
  }
});

test.each(Object.keys(TASKS))('%s has a right for each call that its code makes, and no other', (name) => {
  const { ports, adds, secret } = calls.get(name)!;
  // Which items a transaction adds to or removes is not to be seen in the text of a call: what runs shows it (npm run test:deployed).
  const called = [...ports, ...(adds ? ['store.add'] : []), ...(secret ? ['tokenSecret'] : [])];
  expect(FUNCTION_RIGHTS[name]!.filter((right) => right !== 'store.remove').toSorted()).toEqual(called.toSorted());
});

test.each(Object.keys(TASKS))('%s is given the ports that its code calls, and so the clients of no others', (name) => {
  const { ports, secret, file } = calls.get(name)!;
  const needed = new Set(ports.map((call) => call.split('.')[0]!).filter((port) => port !== 'store'));
  if (secret) for (const port of ['tokenSecret', 'endpoint']) needed.add(port);
  const given = /task\(\w+(?:, \{ (.*) \})?\)/.exec(file)![1]?.split(', ') ?? [];
  expect(given.toSorted()).toEqual([...needed].toSorted());
});

test('every function has its rights, and every list its function', () => {
  const files = readdirSync(join(ROOT, 'lambdas')).filter((file) => file.endsWith('.ts'));
  expect(
    Object.keys(FUNCTION_RIGHTS)
      .map((name) => `${kebabCase(name)}.ts`)
      .toSorted(),
  ).toEqual(files.toSorted());
});
