import type { ListAppsRequest, ListAppsResponse } from '@aws-sdk/client-sms';
import type { Services } from '../../../ports.ts';
import { findApp } from '../find.ts';
import { appSummary } from '../outputs.ts';
import { readPage } from '../pages.ts';

/** Rows on a page unless told. Source: SMS API reference. */
const DEFAULT_PAGE = 100;

export async function listApps(
  { appIds, nextToken, maxResults }: ListAppsRequest,
  services: Services,
): Promise<ListAppsResponse> {
  if (appIds && appIds.length > 0) {
    const apps = await Promise.all(appIds.map((appId) => findApp(appId, services)));
    return { apps: apps.map(appSummary) };
  }
  const listing = { operation: 'ListApps', kind: 'App', index: 'all', partition: 'all', limit: DEFAULT_PAGE } as const;
  const page = await readPage(listing, { nextToken, maxResults }, services);
  return { apps: page.items.map(appSummary), nextToken: page.nextToken };
}
