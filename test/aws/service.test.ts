import { afterAll, beforeAll } from '@jest/globals';
import { migrationBySmsClient } from '../e2e/migration-by-sms-client.ts';
import { type AwsAccount, describeOnMoto, openAws } from '../support/aws.ts';
import { deploy } from '../support/deployed.ts';

describeOnMoto('a migration by SMSClient, by the deployed functions', () => {
  let account: AwsAccount;
  const { log } = console;
  beforeAll(async () => {
    // The functions log as functions do.
    console.log = () => {};
    account = await openAws();
  });
  afterAll(async () => {
    console.log = log;
    await account?.close();
  });

  migrationBySmsClient(() => deploy(account));
});
