import { parseArgs } from 'node:util';
import { VERSION } from '../version.ts';
import { type Command, type Options, UsageError } from './command.ts';
import { helpOf, optionText, usageOf } from './help.ts';

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

/** All commands by their names. */
export const COMMANDS = { ...ON_THIS_MACHINE, ...OF_A_SERVICE };

/** Runs the command line. Answers the exit status: 0 done, 1 failed, 2 called wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args;
  if (name === '--version') return print(`rehost ${VERSION}`);
  if (['help', '--help', '-h'].includes(name)) return rest[0] === undefined ? print(help()) : run(rest[0], ['--help']);
  return run(name, rest);
}

async function run(name: string, args: readonly string[]): Promise<number> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) {
    console.error(`rehost: there is no command ${name}\n\n${help()}`);
    return 2;
  }
  const command = await entry.load();
  try {
    const { values, positionals } = parsed(args, command);
    if (values.help) return print(helpOf(name, entry.summary, command));
    demandArguments(positionals, command);
    demandOptions(values, command);
    return await command.run({ values, positionals });
  } catch (error) {
    return report(error as Error, name, command);
  }
}

function print(text: string): number {
  console.log(text);
  return 0;
}

/** The arguments by the command's table; its refusals in words of ours. */
function parsed(args: readonly string[], { options }: Command) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    if (!code.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError(refusal(message, options), { cause: error });
  }
}

function refusal(message: string, options: Options): string {
  const [, unknown] = /Unknown option '(-[^']*)'/.exec(message) ?? [];
  if (unknown) return `there is no option ${unknown}`;
  const [, flag] = /Option '(--[^']+)' does not take an argument/.exec(message) ?? [];
  if (flag) return `${flag} takes no value`;
  const [, option] = /Option '--([^' ]+) <value>'/.exec(message) ?? [];
  const found = option === undefined ? undefined : options[option];
  return option && found ? `${optionText(option, found)}: give the value` : message;
}

function demandArguments(positionals: readonly string[], { arguments: expected = [] }: Command) {
  const missing = expected.find(({ optional }, index) => !optional && positionals[index] === undefined);
  if (missing) throw new UsageError(`name ${missing.text}`);
  const surplus = positionals[expected.length];
  if (surplus !== undefined) throw new UsageError(`nothing is expected where it says ${surplus}`);
}

function demandOptions(values: Readonly<Record<string, unknown>>, { options }: Command) {
  const missing = Object.entries(options).find(([name, { required }]) => required && !values[name]);
  if (missing) throw new UsageError(`${optionText(...missing)} is required`);
}

function report(error: Error, name: string, command: Command): number {
  const usageProblem = error instanceof UsageError;
  console.error(`rehost: ${messageOf(error)}`);
  if (usageProblem) console.error(`${usageOf(name, command)}\n\`rehost ${name} --help\` tells more.`);
  else if (process.env.REHOST_DEBUG) console.error(error.stack);
  return usageProblem ? 2 : 1;
}

/** Codes of connections that nobody took. */
const UNREACHABLE = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH'];

/** The reason of a connection that failed may be below the error, which has no words of its own then. */
function messageOf(error: Error & { code?: string; address?: string; port?: number }): string {
  if (error.code === 'EADDRINUSE')
    return `port ${error.port} of ${error.address} is taken by another program; give another with --port`;
  const below = error instanceof AggregateError ? (error.errors[0] as Error) : error.cause;
  if (below instanceof Error && ['', 'fetch failed'].includes(error.message)) return messageOf(below);
  const { AWS_ENDPOINT_URL: url } = process.env;
  const hint = url && UNREACHABLE.includes(error.code ?? '') ? `; is there a service at AWS_ENDPOINT_URL, ${url}?` : '';
  return `${error.message || error.name}${hint}`;
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
    '`rehost COMMAND --help` tells a command’s options, with an example.',
  ].join('\n');
