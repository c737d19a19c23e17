import { resolve } from 'node:path';
import { openSource } from '../connector/open-source.ts';
import { preflight as look } from '../connector/preflight/preflight.ts';
import type { Preflight } from '../connector/preflight/report.ts';
import { openImageFolder } from '../local/image-folder.ts';
import { snapshotBytes } from '../local/snapshot-bytes.ts';
import type { Command } from './command.ts';
import { imageOf, STOPPED_DATA } from './image-of.ts';
import { SOURCE, SOURCE_NOTE } from './shared-options.ts';

/** Exit statuses by verdict. */
const STATUS: Readonly<Record<Preflight['verdict'], number>> = { ready: 0, 'needs import': 3, unsupported: 4 };

/** Says of an image, or of a server at its source, what it needs before it starts in EC2. Changes neither. */
export const preflight: Command = {
  arguments: [
    { name: 'NAME', text: 'an image, such as ami-0123456789abcdef0, or with --source a server, by its id there' },
  ],
  options: {
    source: { ...SOURCE, text: 'looks at a server where it is now, not at an image: where the servers are, as below' },
    data: STOPPED_DATA,
    json: { type: 'boolean', text: 'prints all of it as JSON' },
  },
  notes: [
    SOURCE_NOTE,
    'Exit status 0: ready. 3: it needs AWS’s conversion (licenseType AWS). 4: unsupported. docs/qemu.md has what is looked at.',
  ],
  examples: [
    { line: 'rehost preflight ami-0123456789abcdef0' },
    { line: 'rehost preflight db1 --source images:/srv/disks' },
  ],
  async run({ values, positionals: [given] }) {
    const name = given!;
    const { data, source } = values as { data: string; source?: string };
    const result = source === undefined ? await ofImage(name, resolve(data)) : await ofServer(name, source);
    if (values.json) console.log(JSON.stringify(result, undefined, 2));
    else print(name, result);
    return STATUS[result.verdict];
  },
};

async function ofImage(imageId: string, data: string): Promise<Preflight> {
  const folder = await openImageFolder(data);
  try {
    const { disks, bootMode } = imageOf(imageId, folder);
    const readers = await Promise.all(disks.map((disk) => snapshotBytes(disk, folder.snapshots)));
    return await look(readers, bootMode === undefined ? {} : { bootMode });
  } finally {
    await folder.close();
  }
}

async function ofServer(server: string, spec: string): Promise<Preflight> {
  const source = await openSource(spec);
  try {
    const [point] = await source.freeze([server], { quiesce: 'try', name: 'rehost/preflight' });
    const { bootMode } = point!;
    try {
      return await look(await point!.disks(), bootMode === undefined ? {} : { bootMode });
    } finally {
      await point!.release();
    }
  } finally {
    await source.close?.();
  }
}

function print(name: string, { verdict, facts, findings, notes }: Preflight) {
  for (const fact of facts) console.log(`  ${fact}`);
  for (const { code, message } of findings) console.log(`  ${code}: ${message}`);
  for (const note of notes) console.log(`  (${note})`);
  console.log(`${name}: ${verdict}`);
}
