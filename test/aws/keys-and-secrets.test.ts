import { CreateAliasCommand, CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { awsClient } from '../../lib/aws/client.ts';
import { keyArn } from '../../lib/aws/key-arn.ts';
import { secretsManagerSecret } from '../../lib/aws/secrets-manager-secret.ts';
import { type AwsAccount, describeOnMoto, openAws } from '../support/aws.ts';

describeOnMoto('keys and secrets', () => {
  let account: AwsAccount;
  beforeAll(async () => {
    account = await openAws();
  });
  afterAll(() => account.close());

  test('a key is found by its id, its alias and its ARN', async () => {
    const kms = awsClient(KMSClient, account.config);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const { KeyId, Arn } = KeyMetadata!;
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/rehost', TargetKeyId: KeyId }));
    for (const name of [KeyId!, 'alias/rehost', Arn!]) expect(await keyArn(kms, name)).toBe(Arn);
    await expect(keyArn(kms, 'alias/none')).rejects.toMatchObject({
      name: 'KeyNotUsableError',
      message: 'there is no key alias/none in this region; name another key',
    });
    await kms.send(new DisableKeyCommand({ KeyId }));
    await expect(keyArn(kms, KeyId!)).rejects.toThrow(`key ${KeyId} is Disabled; enable it, or name another key`);
  });

  test('a secret is read by its name, and missed by it', async () => {
    const secrets = awsClient(SecretsManagerClient, account.config);
    await secrets.send(new CreateSecretCommand({ Name: 'page-tokens', SecretString: 'shh' }));
    expect(await secretsManagerSecret(secrets, 'page-tokens')).toBe('shh');
    await expect(secretsManagerSecret(secrets, 'none')).rejects.toThrow('there is no secret none');
  });
});
