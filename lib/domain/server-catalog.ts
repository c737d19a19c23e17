import type { ServerCatalog } from './entities.ts';

/** The catalog before its first import. */
export const NO_CATALOG: ServerCatalog = {
  id: 'catalog',
  version: 0,
  sequence: 0,
  status: 'NOT_IMPORTED',
  lastModifiedOn: 0,
  importNumber: 0,
};

/** A catalog in another state has no servers to show. Source: user guide. */
export const hasServers = ({ status }: ServerCatalog) => status === 'AVAILABLE' || status === 'IMPORTING';
