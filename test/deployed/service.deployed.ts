import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { migrationBySmsClient } from '../e2e/migration-by-sms-client.ts';
import { describeOnMoto } from '../support/aws.ts';
import { type Deployment, deploy } from './deployment.ts';

describeOnMoto('what the templates deploy', () => {
  let deployed: Deployment;
  beforeAll(async () => {
    deployed = await deploy();
  }, 120_000);
  afterAll(() => deployed?.end());

  describe('a migration by SMSClient', () => {
    migrationBySmsClient(async () => ({
      sms: deployed.sms,
      services: deployed.connector.services,
      source: deployed.source,
      events: async () => [...deployed.events] as never,
      end: async () => {},
    }));
  });

  test('no function was refused anything', () => {
    expect(deployed.iam.refusals).toEqual([]);
  });
});
