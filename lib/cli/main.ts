import { parseArgs } from 'node:util';
import { type Command, UsageError } from './command.ts';

interface Entry {
  readonly summary: string;
  /** Loaded when it is called: most commands need little of what others need. */
  load(): Promise<Command>;
}

const ON_THIS_MACHINE: Readonly<Record<string, Entry>> = {
  up: {
    summary: 'runs the whole service on this machine until it is stopped',
    load: async () => (await import('./up.ts')).up,
  },
  migrate: {
    summary: 'migrates the application that FILE describes, with the service of the environment or one of its own',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  connector: {
    summary: 'copies the servers of a source for a service elsewhere, until it is stopped',
    load: async () => (await import('./connector.ts')).connector,
  },
  engine: {
    summary: 'serves the workflow engine by itself, as a local Step Functions',
    load: async () => (await import('./engine.ts')).engine,
  },
  export: {
    summary: 'writes a disk of an image into a file: raw, qcow2 or VMDK',
    load: async () => (await import('./export.ts')).exportImage,
  },
  boot: {
    summary: 'starts an image in QEMU, without changing it, to see whether it comes up',
    load: async () => (await import('./boot.ts')).boot,
  },
  preflight: {
    summary: 'says what an image, or a server at its source, needs before it starts in EC2',
    load: async () => (await import('./preflight.ts')).preflight,
  },
  fsck: {
    summary: 'checks all that a stopped service keeps: databases, snapshots, blocks and images',
    load: async () => (await import('./fsck.ts')).fsck,
  },
};

/** They ask the service that the environment names. */
const OF_A_SERVICE: Readonly<Record<string, Entry>> = {
  status: {
    summary: 'shows applications, replication jobs and the runs under way',
    load: async () => (await import('./status.ts')).status,
  },
  events: {
    summary: 'prints the events that the service published, in their order',
    load: async () => (await import('./events.ts')).events,
  },
  import: {
    summary: 'imports the servers that the connectors see, and lists them',
    load: async () => (await import('./import.ts')).importCatalog,
  },
  approve: {
    summary: 'lets a migration that waits for approval launch its application',
    load: async () => (await import('./approve.ts')).approve,
  },
  connectors: {
    summary: 'lists the connectors, makes activation codes, rotates and revokes keys',
    load: async () => (await import('./connectors.ts')).connectors,
  },
};

const COMMANDS = { ...ON_THIS_MACHINE, ...OF_A_SERVICE };

/** Runs the command line. Answers the exit status: 0 done, 1 failed, 2 called wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args;
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) {
    const asked = ['help', '--help', '-h'].includes(name);
    (asked ? console.log : console.error)(asked ? help() : `rehost: there is no command ${name}\n\n${help()}`);
    return asked ? 0 : 2;
  }
  const command = await entry.load();
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(`usage: ${command.usage}\n\n${entry.summary}`);
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

const listOf = (commands: Readonly<Record<string, Entry>>) =>
  Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}  ${summary}`);

const help = () =>
  [
    'Rehost migrates servers: it speaks the AWS Server Migration Service API and runs its workflows.',
    '',
    'usage: rehost COMMAND [OPTIONS]',
    '',
    'on this machine',
    ...listOf(ON_THIS_MACHINE),
    '',
    'of a service: run `rehost up` and export the lines that it prints',
    ...listOf(OF_A_SERVICE),
    '',
    '`rehost COMMAND --help` tells a command’s options.',
  ].join('\n');
