import type { S3Location as S3LocationInput } from '@aws-sdk/client-sms';
import type { S3Location } from '../../domain/app-configuration.ts';
import { invalidParameter, missingRequiredParameter } from '../errors.ts';

/** A location in one of the buckets that the service may read: their names begin with `sms-app-`. Source: user guide, application migration. */
export function readLocation(location: S3LocationInput | undefined, path: string): S3Location | undefined {
  if (!location) return undefined;
  const { bucket, key } = location;
  if (!bucket || !key) throw missingRequiredParameter(`${path}: bucket and key are both required`);
  if (!bucket.startsWith('sms-app-')) {
    throw invalidParameter(
      `${path}.bucket: ${bucket}; the service reads only buckets whose name begins with sms-app-, move the object to one`,
    );
  }
  return { bucket, key };
}
