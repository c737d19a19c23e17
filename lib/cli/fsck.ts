import { resolve } from 'node:path';
import type { DataFolderReport } from '../local/check-data-folder.ts';
import type { Command } from './command.ts';
import { DATA } from './shared-options.ts';

export const fsck: Command = {
  options: {
    data: { ...DATA, text: 'the folder of the service, which must not run meanwhile' },
    quick: { type: 'boolean', text: 'does not read the blocks, which takes the time' },
  },
  notes: ['Exit status 0: nothing is wrong. 1: something is, or cannot be checked.'],
  examples: [{ line: 'rehost fsck --data /var/lib/rehost' }],
  async run({ values }) {
    const { data, quick = false } = values as { data: string; quick?: boolean };
    const { checkDataFolder } = await import('../local/check-data-folder.ts');
    const report = await checkDataFolder(resolve(data), { hash: !quick });
    print(report, data);
    return report.problems.length > 0 ? 1 : 0;
  },
};

function print(
  { snapshots, pending, blocks, hashed, spareBytes, images, databases, problems }: DataFolderReport,
  data: string,
) {
  const bytes = (count: number) => `${(count / 2 ** 30).toFixed(2)} GiB`;
  const read = hashed === blocks ? 'all read and hashed' : hashed === 0 ? 'not read' : `${hashed} read and hashed`;
  console.log(`${data}
  databases  ${databases}
  snapshots  ${snapshots}, ${pending} of them pending
  blocks     ${blocks} (${bytes(blocks * 524_288)}), ${read}
  spare      ${bytes(spareBytes)} in packs
  images     ${images}`);
  for (const problem of problems) console.log(`wrong: ${problem}`);
  console.log(
    problems.length === 0
      ? 'Nothing is wrong.'
      : `${problems.length} problems. Remove what is damaged, or put the folder back from a backup; the next runs of its jobs copy what is missing.`,
  );
}
