import { ImportServerCatalogCommand } from '@aws-sdk/client-sms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { awsTarget } from '../../lib/aws/aws-target.ts';
import type { Migration } from '../../lib/domain/entities.ts';
import type { AwsCall, Fault } from '../simulators/aws-proxy.ts';
import { fastClock } from '../simulators/fast-clock.ts';
import { VirtualClock } from '../simulators/virtual-clock.ts';
import { type AwsAccount, describeOnMoto, openAws } from '../support/aws.ts';
import { start } from '../support/start.ts';

const PLAN = {
  app: { name: 'shop' },
  serverGroups: [{ name: 'all', launchOrder: 1, servers: [{ name: 'db1' }, { name: 'web1' }] }],
  replication: { runOnce: true },
  launch: { instanceType: 't3.small' },
};
/** Milliseconds: nobody waits long for a call that is never answered. */
const IMPATIENT = { connectionTimeout: 400, requestTimeout: 400, throwOnRequestTimeout: true };
const HOUR = 3_600_000;
const FAULTS: readonly Fault[] = ['throttle', 'error', 'reset', 'lost', 'hang'];
/** Every fault at every operation takes a minute: `npm run test:faults`. */
const all = process.env.REHOST_FAULTS === 'all' ? test : test.skip;

/** Tries as often as the SDK would, without its pauses. */
const retries = (attempts: number) => ({
  mode: 'test',
  acquireInitialRetryToken: async () => token(1, attempts),
  refreshRetryTokenForRetry: async (last: { getRetryCount(): number }) => token(last.getRetryCount() + 1, attempts),
  recordSuccess() {},
});
function token(count: number, attempts: number) {
  if (count > attempts) throw new Error('no more tries');
  return { getRetryCount: () => count, getRetryDelay: () => 0 };
}

/** The operation without the names of what it is about. */
const kindOf = ({ service, operation }: AwsCall) =>
  `${service} ${operation
    .replace(/snap-\w+/, '*')
    .replace(/\/\d+$/, '/*')
    .replace(/sms-app-[\w-]+(\/.*)?/, '*')}`;

describeOnMoto('an appliance whose account fails', () => {
  let account: AwsAccount;
  beforeAll(async () => {
    account = await openAws();
  });
  afterAll(() => account?.close());

  /** Migrates two small servers while calls fail; answers how it ended, and which kinds of calls there were. */
  async function migrate(faultOf: (kind: string, before: number) => Fault | undefined, attempts: number) {
    const proxy = account.proxy!;
    const counts = new Map<string, number>();
    proxy.faultOf = (call) => {
      const kind = kindOf(call);
      const before = counts.get(kind) ?? 0;
      counts.set(kind, before + 1);
      return faultOf(kind, before);
    };
    const clock = new VirtualClock();
    const place = { account: '123456789012', region: account.config.region };
    const config = { ...account.config, retryStrategy: retries(attempts), requestHandler: IMPATIENT };
    const target = awsTarget(place, config, {
      pace: { first: 1, longest: 5, total: 50 },
      // A put has two minutes for all its attempts: 120 ms, which a busy machine needs.
      clock: fastClock(1_000),
    });
    const started = await start({ clock, auth: 'none', servers: ['db1', 'web1'], target });
    try {
      const { workflows, store } = started.rehost.services;
      await started.sms.send(new ImportServerCatalogCommand({}));
      await clock.advance(0, () => started.rehost.idle());
      await workflows.start('app-migration', 'first', { input: PLAN });
      let migration: Migration | undefined;
      for (const end = clock.now() + 4 * HOUR; clock.now() < end; ) {
        await clock.advance(10_000, () => started.rehost.idle());
        migration = await store.get('Migration', 'first');
        if (migration && ['MIGRATED', 'FAILED'].includes(migration.state)) break;
      }
      return { migration, kinds: [...counts.keys()] };
    } finally {
      proxy.faultOf = () => undefined;
      await started.end();
    }
  }

  describe('at the first call of every operation', () => {
    test('migrates all the same, whatever it is that fails', async () => {
      let calls = 0;
      const { migration } = await migrate(
        (_, before) => (before === 0 ? FAULTS[calls++ % FAULTS.length] : undefined),
        3,
      );
      expect([migration?.state, migration?.statusMessage]).toEqual(['MIGRATED', undefined]);
      expect(calls).toBeGreaterThan(FAULTS.length);
    });

    all.each(FAULTS)('migrates all the same: %s', async (fault) => {
      const { migration, kinds } = await migrate((_, before) => (before === 0 ? fault : undefined), 3);
      expect([migration?.state, migration?.statusMessage]).toEqual(['MIGRATED', undefined]);
      expect(kinds).toEqual(
        expect.arrayContaining(['ebs POST /snapshots', 'ec2 RegisterImage', 'cloudformation CreateStack']),
      );
    });
  });

  describe('at every call of an operation', () => {
    const fails = async (broken: string, message: string) => {
      const { migration, kinds } = await migrate((kind) => (kind === broken ? 'throttle' : undefined), 1);
      expect(kinds).toContain(broken);
      expect([migration?.state, migration?.statusMessage]).toEqual(['FAILED', expect.stringContaining(message)]);
    };
    const name = 'fails with a word on what fails: %s';

    test.each([
      ['ebs PUT /snapshots/*/blocks/*', 'RequestThrottledException'],
      ['s3 PUT /*', 'GenerateTemplate: PutObjectCommand: SlowDown'],
      ['cloudformation DescribeStacks', 'LAUNCH_FAILED: TransientError: DescribeStacksCommand: Throttling'],
    ])(name, fails);

    all.each([
      ['ebs POST /snapshots', 'ServerError: TransientError: StartSnapshotCommand: RequestThrottledException'],
      ['ebs GET /snapshots/*/blocks', 'ServerError: TransientError: ListSnapshotBlocksCommand'],
      ['ec2 DescribeSnapshots', 'ServerError: TransientError: DescribeSnapshotsCommand'],
      ['ec2 RegisterImage', 'ServerError: TransientError: RegisterImageCommand: RequestLimitExceeded'],
      ['cloudformation CreateStack', 'LAUNCH_FAILED: TransientError: CreateStackCommand: Throttling'],
      ['cloudformation ListStackResources', 'LAUNCH_FAILED: TransientError: ListStackResourcesCommand'],
    ])(name, fails);
  });
});
