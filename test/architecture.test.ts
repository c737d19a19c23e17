import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const SHARED = [
  'json',
  'clock',
  'config',
  'store',
  'ports',
  'snapshots',
  'document',
  'app-jobs',
  'messages',
  'version',
];
/** Time and chance of the machine, shared by the parts that may go outside. */
const OF_THE_MACHINE = ['machine-clock', 'new-id'];
/** Which part of `lib` may import which others, beside itself and the shared files at the top. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  api: ['domain', 'workflows'],
  workflows: ['domain', 'replication'],
  replication: ['domain', 'connector'],
  connector: ['domain'],
  agent: ['domain', 'api', 'connector', 'replication'],
  engine: [],
  aws: ['domain', 'api', 'workflows', 'replication'],
  local: ['domain', 'api', 'workflows', 'replication', 'connector', 'agent', 'engine'],
  // The table by which events start workflows: the bus’s rules are made of it.
  infra: ['workflows'],
  cli: ['domain', 'api', 'workflows', 'replication', 'connector', 'agent', 'local', 'aws', 'engine'],
};
/** Time, chance, processes and the network come in through ports. */
const OUTSIDE = /process\.env|Date\.now\(|randomUUID|setTimeout\(/;
/** Data. */
const LONG = ['api/sms/shapes.ts'];
/** `States.UUID` is a function of the language itself. */
const FUNCTIONS_OF_THE_LANGUAGE = /(, randomUUID })|('States.UUID': \(\) => randomUUID\(\))/g;
const MAY_GO_OUTSIDE = ['aws', 'local', 'connector', 'cli', 'infra'];

const files = (readdirSync(join(ROOT, 'lib'), { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
const partOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : 'top');

test.each(files)('%s imports only what its part may, and keeps its size', (file) => {
  const text = readFileSync(join(ROOT, 'lib', file), 'utf8');
  const part = partOf(file);
  const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    relative(join(ROOT, 'lib'), resolve(dirname(join(ROOT, 'lib', file)), path!)),
  );
  const mayGoOutside = MAY_GO_OUTSIDE.includes(part) || OF_THE_MACHINE.includes(file.replace('.ts', ''));
  const shared = mayGoOutside ? [...SHARED, ...OF_THE_MACHINE] : SHARED;
  const foreign = imports.filter((path) => partOf(path) !== part && !shared.includes(path.replace('.ts', '')));
  if (part !== 'top') expect(foreign.filter((path) => !MAY_IMPORT[part]?.includes(partOf(path)))).toEqual([]);
  if (!mayGoOutside) expect(text.replaceAll(FUNCTIONS_OF_THE_LANGUAGE, '').match(OUTSIDE)).toBeNull();
  expect(imports.filter((path) => path.startsWith('..'))).toEqual([]);
  if (!LONG.includes(file)) expect(text.split('\n').length).toBeLessThanOrEqual(300);
});
