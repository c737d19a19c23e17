import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The benchmarks by name; `npm run bench -- copy` runs one. Each measures its peers in the same run and prints ratios. */
const ALL = ['copy', 'formats', 'engine', 'api', 'lambda'];

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !ALL.includes(name));
if (unknown) throw new Error(`there is no benchmark ${unknown}; there are ${ALL.join(', ')}`);

for (const name of asked.length > 0 ? asked : ALL) {
  const file = join(import.meta.dirname, `${name}.ts`);
  if (!existsSync(file)) throw new Error(`${file} is missing`);
  console.log(`\n${name}`);
  const { bench } = (await import(file)) as { bench(): Promise<void> };
  await bench();
}
