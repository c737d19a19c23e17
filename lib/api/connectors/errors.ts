import { ServiceError } from '../errors.ts';

/** The transfer is no longer the connector's, as of the claim that it speaks for. */
export const leaseLost = (transferId: string, epoch: number) =>
  new ServiceError(
    'LeaseLostException',
    `transfer ${transferId} is no longer yours as of claim ${epoch}; stop its copy at once and ask for messages`,
  );
