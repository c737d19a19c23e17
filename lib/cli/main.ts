import { parseArgs } from 'node:util';
import { approve } from './approve.ts';
import { type Command, UsageError } from './command.ts';
import { events } from './events.ts';
import { importCatalog } from './import.ts';
import { migrate } from './migrate.ts';
import { status } from './status.ts';
import { up } from './up.ts';

const COMMANDS: Readonly<Record<string, Command>> = { up, migrate, status, events, import: importCatalog, approve };

/** Runs the command line. Answers the exit status: 0 done, 1 failed, 2 called wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const asked = ['help', '--help', '-h'].includes(name);
    (asked ? console.log : console.error)(asked ? help() : `rehost: there is no command ${name}\n\n${help()}`);
    return asked ? 0 : 2;
  }
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(`${command.usage}\n\n${command.summary}`);
      return 0;
    }
    return await command.run({ values, positionals });
  } catch (error) {
    return report(error as Error & { code?: string }, command);
  }
}

function report(error: Error & { code?: string }, { usage }: Command): number {
  const usageProblem = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(`rehost: ${error.message || error.name}`);
  if (usageProblem) console.error(`usage: ${usage}`);
  else if (process.env.REHOST_DEBUG) console.error(error.stack);
  return usageProblem ? 2 : 1;
}

const help = () =>
  [
    'Rehost migrates servers: it speaks the AWS Server Migration Service API and runs its workflows.',
    '',
    'usage: rehost COMMAND [OPTIONS]',
    '',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`),
    '',
    'Commands but `up` and `migrate` need a service: run `rehost up` and export the lines that it prints.',
    '`rehost COMMAND --help` tells a command’s options.',
  ].join('\n');
