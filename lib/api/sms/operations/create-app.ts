import type { CreateAppRequest, CreateAppResponse } from '@aws-sdk/client-sms';
import type { ClientToken } from '../../../domain/account.ts';
import { DEFAULT_GROUP, inApp, newApp } from '../../../domain/app.ts';
import type { App } from '../../../domain/entities.ts';
import { HOUR } from '../../../domain/time.ts';
import { unchanged } from '../../../domain/transition.ts';
import type { Services } from '../../../ports.ts';
import { invalidParameter } from '../../errors.ts';
import { appOutput } from '../outputs.ts';
import { requestHash } from '../request-hash.ts';
import { readServerGroups, readTags } from '../server-groups.ts';

/** The same `clientToken` with the same input answers the first application for 24 hours; with another input it is refused. */
export async function createApp(input: CreateAppRequest, services: Services): Promise<CreateAppResponse> {
  const { store, clock, newId, config } = services;
  const { clientToken, serverGroups: groups = [{ name: DEFAULT_GROUP }], tags = [], ...rest } = input;
  const known = clientToken ? await store.get('ClientToken', clientToken) : undefined;
  if (known && known.expiresAt > clock.now()) return appOutput(await appOfToken(known, input, services), services);

  const id = newId('app', 17);
  const { serverGroups, servers } = await readServerGroups(groups, { id, serverGroups: [] }, services);
  const now = clock.now();
  const app = newApp({ ...rest, id, name: rest.name ?? id, tags: readTags(tags), serverGroups, now });

  const expiresAt = now + config.limits.clientTokenHours * HOUR;
  const blank = { id: clientToken ?? '', version: known?.version ?? 0, sequence: 0 };
  const token = unchanged('ClientToken', { ...blank, requestHash: requestHash(input), appId: id, expiresAt });
  await store.transact([app, ...servers.map((server) => inApp(server, id)), ...(clientToken ? [token] : [])]);
  return appOutput(app.entity, services);
}

async function appOfToken(token: ClientToken, input: CreateAppRequest, { store }: Services): Promise<App> {
  if (token.requestHash !== requestHash(input)) {
    throw invalidParameter(
      `clientToken ${token.id} was used for application ${token.appId} with other parameters; use a new token`,
    );
  }
  const app = await store.get('App', token.appId);
  if (!app) throw invalidParameter(`clientToken ${token.id} belongs to an application that is gone; use a new token`);
  return app;
}
