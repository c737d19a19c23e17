import * as sms from '@aws-sdk/client-sms';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OPERATION_SHAPES } from '../../../lib/api/sms/shapes.ts';
import { validate } from '../../../lib/api/validate.ts';
import { toWire } from '../../../lib/api/wire.ts';
import { KEY } from '../stub-service.ts';
import { EXCHANGES } from './exchange.ts';
import { PAGINATED, wireService } from './wire-service.ts';

let service: Awaited<ReturnType<typeof wireService>>;
let client: sms.SMSClient;

beforeAll(async () => {
  service = await wireService();
  client = new sms.SMSClient({ endpoint: service.url, region: 'us-east-1', credentials: KEY, maxAttempts: 1 });
});
afterAll(() => {
  client.destroy();
  return service.close();
});

type Command = Parameters<typeof client.send>[0];
const commandOf = (operation: string, input: object) =>
  new (sms as unknown as Record<string, new (input: object) => Command>)[`${operation}Command`]!(input);

test.each(EXCHANGES)('$operation: every member goes there and back', async ({ operation, input, output }) => {
  const shapes = OPERATION_SHAPES[operation];
  const sent = validate(input, shapes.input);
  service.answer('exchange');
  const { $metadata, ...received } = await client.send(commandOf(operation, sent));
  expect($metadata).toMatchObject({ httpStatusCode: 200, requestId: 'request-1' });
  expect(toWire(received, shapes.output)).toEqual(output);
  expect(service.calls.at(-1)).toEqual({ operation, input: sent });
});

const PAGINATORS = {
  GetConnectors: sms.paginateGetConnectors,
  GetReplicationJobs: sms.paginateGetReplicationJobs,
  GetReplicationRuns: sms.paginateGetReplicationRuns,
  GetServers: sms.paginateGetServers,
} as const;

// The package has no paginator for ListApps.
test.each(PAGINATED.filter(({ operation }) => operation !== 'ListApps'))(
  '$operation: the paginator reads each page once',
  async ({ operation, input }) => {
    service.answer('pages');
    const paginate = PAGINATORS[operation as keyof typeof PAGINATORS];
    const seen: unknown[] = [];
    for await (const page of paginate({ client }, input as { replicationJobId: string })) {
      const [items = []] = Object.values(page).filter(Array.isArray);
      seen.push(...items.flatMap((item) => Object.values(item)));
    }
    expect(seen).toEqual(['first', 'second', 'third']);
  },
);

test.each(['InvalidParameterException', 'ReplicationRunLimitExceededException', 'TemporarilyUnavailableException'])(
  '%s arrives typed, with its message',
  async (error) => {
    service.answer({ error, status: error.startsWith('Temporarily') ? 500 : 400 });
    const command = new sms.StartOnDemandReplicationRunCommand({ replicationJobId: 'sms-job-1' });
    const received = await client.send(command).catch((thrown) => thrown);
    expect(received).toBeInstanceOf(sms.SMSServiceException);
    expect(received).toMatchObject({ name: error, message: `message of ${error}` });
    expect(received.constructor.name).toBe(error);
  },
);
