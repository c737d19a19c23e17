import type { RehostOptions } from '../local/rehost.ts';
import type { Command } from './command.ts';
import { SERVICE_OPTIONS, serviceOptions } from './service-options.ts';
import { SOURCE_NOTE } from './shared-options.ts';

export const up: Command = {
  options: {
    ...SERVICE_OPTIONS,
    target: {
      type: 'string',
      value: 'local|aws',
      default: 'local',
      text: 'where snapshots, images, templates and stacks are made: in the data folder, or in the account and region of the environment’s AWS credentials',
    },
    'connector-role': {
      type: 'string',
      value: 'ARN',
      text: 'with --target aws: the role that the credentials of connectors elsewhere come from (docs/connectors.md)',
    },
    bus: { type: 'string', value: 'NAME', text: 'an event bus in that account that gets all events, too' },
  },
  notes: [
    SOURCE_NOTE,
    'It prints lines to export: with them in a shell, `rehost`, `aws sms` and boto3 there reach this service.',
  ],
  examples: [
    { line: 'rehost up --source images:/srv/disks' },
    {
      text: 'slowly in working hours, and every block read back',
      line: 'rehost up --source images:/srv/disks --bandwidth 2MiB@mon-fri,08:00-18:00 --verify full',
    },
    { text: 'into an account', line: 'AWS_REGION=eu-central-1 rehost up --target aws --source images:/srv/disks' },
  ],
  async run({ values }) {
    const options = await withAccount(serviceOptions(values), values);
    // Loaded once the options are known to be right.
    const { startRehost } = await import('../local/rehost.ts');
    const rehost = await startRehost(options);
    const { accessKeyId, secretAccessKey } = rehost.accessKey;
    console.log(`# Rehost is ready. Run these lines in another shell (or eval them), then use aws sms, boto3 or rehost there.
export AWS_ENDPOINT_URL=${rehost.url}
export AWS_ACCESS_KEY_ID=${accessKeyId}
export AWS_SECRET_ACCESS_KEY=${secretAccessKey}
export AWS_REGION=${options.config!.region}`);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
      // A timer that keeps the process alive: the service's own do not.
      setInterval(() => {}, 2 ** 30);
    });
    await rehost.stop();
    process.exit(0);
  },
};

/** The clients of AWS are loaded only for a service that needs them. */
async function withAccount(options: RehostOptions, values: Readonly<Record<string, unknown>>): Promise<RehostOptions> {
  if (values.target === 'local' && values.bus === undefined) return options;
  const { awsOptions } = await import('./aws-options.ts');
  return awsOptions(options, values as Record<string, string | undefined>);
}
