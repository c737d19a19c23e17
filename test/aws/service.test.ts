import { afterAll, beforeAll } from '@jest/globals';
import { migrationBySmsClient } from '../e2e/migration-by-sms-client.ts';
import { describeOnMoto, openAws } from '../support/aws.ts';
import { deploy } from '../support/deployed.ts';

describeOnMoto('a migration by SMSClient, by the deployed functions', () => {
  const { log } = console;
  beforeAll(() => {
    // The functions log as functions do.
    console.log = () => {};
  });
  afterAll(() => {
    console.log = log;
  });

  migrationBySmsClient(async () => deploy(await openAws()));
});
