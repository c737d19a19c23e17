import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ofThePlatform } from '../../scripts/permissions/reasons.ts';
import { migrationBySmsClient } from '../e2e/migration-by-sms-client.ts';
import { describeOnMoto } from '../support/aws.ts';
import { catches } from './catches.ts';
import { type Deployment, deploy } from './deployment.ts';
import { PATIENCE } from './executions.ts';
import { failures } from './failures.ts';
import { migrationByEvent } from './migration-by-event.ts';
import { packageExport } from './package.ts';
import { replay } from './replay.ts';
import { SOMETIMES, UNSEEN } from './rights.ts';
import { secrets } from './secrets.ts';
import { traces } from './traces.ts';

jest.setTimeout(90_000);

describe('the package', packageExport);

describeOnMoto('what the templates deploy', () => {
  let deployed: Deployment;
  beforeAll(async () => {
    deployed = await deploy();
  }, 120_000);
  afterAll(() => deployed?.end());

  describe('a migration by SMSClient', () => {
    const underTest = async () => ({
      sms: deployed.sms,
      services: deployed.connector.services,
      source: deployed.source,
      events: async () => [...deployed.events] as never,
      end: async () => {},
    });
    migrationBySmsClient(underTest, PATIENCE);
  });

  describe('a migration by event', () => migrationByEvent(() => deployed));

  describe('a failure', () => failures(() => deployed));

  describe('a trace', () => traces(() => deployed));

  describe('an event that was lost', () => replay(() => deployed));

  describe('a Catch', () => catches(() => deployed));

  describe('a secret', () => secrets(() => deployed));

  test('no function was refused anything', () => {
    expect(deployed.iam.refusals).toEqual([]);
  });

  test('no function has a right that none of this needed', () => {
    const unused = deployed.iam.unused(ofThePlatform).map((one) => one.split(' ').slice(0, 2).join(' '));
    expect(unused.filter((one) => !UNSEEN[one])).toEqual([]);
    const seen = Object.keys(UNSEEN).filter((one) => !unused.includes(one));
    expect(seen.filter((one) => !SOMETIMES.includes(one))).toEqual([]);
  });
});
