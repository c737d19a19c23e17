import { randomUUID } from 'node:crypto';
import type { Handle } from '../../api/http.ts';
import { type EbsEndpointOptions, ebsEndpoint, isEbsRequest } from './ebs-endpoint.ts';
import { type Ec2EndpointOptions, ec2Endpoint, isEc2Request } from './ec2-endpoint.ts';
import { tokens } from './token.ts';

type Options = Omit<EbsEndpointOptions & Ec2EndpointOptions, 'tokens' | 'newRequestId' | 'encryptionByDefault'> & {
  readonly tokenSecret: string;
  /** Off unless told, as in a new account. */
  readonly encryptionByDefault?: boolean;
};

/** Hands requests of the EBS direct APIs, and of EC2 for snapshots, to the store, all others to `next`. */
export function withSnapshotApis(next: Handle, options: Options): Handle {
  const newRequestId = randomUUID;
  const ebs = ebsEndpoint({
    ...options,
    encryptionByDefault: options.encryptionByDefault ?? false,
    tokens: tokens(options.tokenSecret, () => options.clock.now()),
    newRequestId,
  });
  const ec2 = ec2Endpoint({ ...options, newRequestId });
  return (request) => {
    if (isEbsRequest(request)) return ebs(request);
    return isEc2Request(request) ? ec2(request) : next(request);
  };
}
