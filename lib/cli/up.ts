import type { RehostOptions } from '../local/rehost.ts';
import type { Command } from './command.ts';
import { COPY_USAGE } from './copy-options.ts';
import { SERVICE_OPTIONS, SOURCE_HELP, serviceOptions } from './service-options.ts';

export const up: Command = {
  usage: `rehost up [--port 4599] [--host 127.0.0.1] [--data .rehost] [--source SOURCE]… [--auth sigv4|none] [--account 000000000000] [--region us-east-1] [--endpoint URL] [--run-scripts] [--target local|aws] [--connector-role ARN] [--bus NAME] ${COPY_USAGE}

${SOURCE_HELP}`,
  options: {
    ...SERVICE_OPTIONS,
    target: { type: 'string' },
    'connector-role': { type: 'string' },
    bus: { type: 'string' },
  },
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
  if (values.target === undefined && values.bus === undefined) return options;
  const { awsOptions } = await import('./aws-options.ts');
  return awsOptions(options, values as Record<string, string | undefined>);
}
