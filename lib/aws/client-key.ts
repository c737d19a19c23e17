import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsClient } from './client.ts';
import { secretsManagerSecret } from './secrets-manager-secret.ts';
import { variable } from './services.ts';

/** The access key that was made with the stack. */
export interface ClientKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The access key that the secret of `CLIENT_KEY` holds. */
export async function clientKey(env: NodeJS.ProcessEnv): Promise<ClientKey> {
  const secretId = variable(env, 'CLIENT_KEY');
  const key = JSON.parse(await secretsManagerSecret(awsClient(SecretsManagerClient), secretId)) as Partial<ClientKey>;
  const { accessKeyId, secretAccessKey } = key;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  throw new Error(`secret ${secretId} has no accessKeyId and secretAccessKey; put both into it`);
}
