import { DescribeKeyCommand, type KMSClient, NotFoundException } from '@aws-sdk/client-kms';

export class KeyNotUsableError extends Error {
  override readonly name = 'KeyNotUsableError';
}

/**
 * The ARN of a key that is named by its id, its alias or its ARN: SMS takes any of them, the EBS direct APIs the ARN alone. Throws KeyNotUsableError.
 */
export async function keyArn(client: KMSClient, keyId: string): Promise<string> {
  try {
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: keyId }));
    if (KeyMetadata?.KeyState === 'Enabled') return KeyMetadata.Arn!;
    throw new KeyNotUsableError(`key ${keyId} is ${KeyMetadata?.KeyState}; enable it, or name another key`);
  } catch (error) {
    if (!(error instanceof NotFoundException)) throw error;
    throw new KeyNotUsableError(`there is no key ${keyId} in this region; name another key`, { cause: error });
  }
}
