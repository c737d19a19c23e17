import { afterAll, beforeAll, jest } from '@jest/globals';
import { migrationBySmsClient } from '../e2e/migration-by-sms-client.ts';
import { describeOnMoto, openAws } from '../support/aws.ts';
import { deploy } from '../support/deployed.ts';

/** The connector polls a function, which looks once a second; and moto is slow where the machine is. */
jest.setTimeout(90_000);

describeOnMoto('a migration by SMSClient, by the deployed functions', () => {
  const { info, error } = console;
  const { write } = process.stdout;
  beforeAll(() => {
    // The functions log as functions do.
    console.info = console.error = () => {};
    process.stdout.write = () => true;
  });
  afterAll(() => {
    Object.assign(console, { info, error });
    process.stdout.write = write;
  });

  migrationBySmsClient(async () => deploy(await openAws()));
});
