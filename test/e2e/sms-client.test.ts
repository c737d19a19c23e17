import { describe } from '@jest/globals';
import type { SqliteStore } from '../../lib/local/sqlite-store.ts';
import { start } from '../support/start.ts';
import { migrationBySmsClient } from './migration-by-sms-client.ts';

describe('a migration by SMSClient', () => {
  migrationBySmsClient(async () => {
    const { rehost, sms, source, end } = await start();
    const store = rehost.services.store as SqliteStore;
    return {
      sms,
      source,
      services: rehost.services,
      events: async () => (await store.read(0, 10_000)).map(({ event }) => event),
      end,
    };
  });
});
