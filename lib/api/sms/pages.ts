import type { Entities, Kind } from '../../domain/entities.ts';
import type { Services } from '../../ports.ts';
import type { Query } from '../../store.ts';
import { openToken, signToken } from '../page-token.ts';

/** What a token is good for: the operation, and the filters that its pages must share. */
export interface Listing<K extends Kind> extends Query<K> {
  readonly operation: string;
  readonly kind: K;
}

/** The page that `nextToken` names (the first without one), of `maxResults` rows or the operation's default. */
export async function readPage<K extends Kind>(
  listing: Listing<K>,
  { nextToken, maxResults }: { nextToken?: string | undefined; maxResults?: number | undefined },
  { store, tokenSecret }: Pick<Services, 'store' | 'tokenSecret'>,
): Promise<{ items: readonly Entities[K][]; nextToken?: string }> {
  const { operation, kind, ...query } = listing;
  const context = { operation, filters: { index: query.index, partition: query.partition } };
  const after = nextToken === undefined ? undefined : openToken(nextToken, context, tokenSecret);
  const page = await store.query(kind, {
    ...query,
    ...(after ? { after } : {}),
    limit: maxResults ?? query.limit ?? DEFAULT_PAGE,
  });
  return { items: page.items, ...(page.next ? { nextToken: signToken(page.next, context, tokenSecret) } : {}) };
}

/** Rows on a page unless told. Source: SMS API reference. */
export const DEFAULT_PAGE = 50;
