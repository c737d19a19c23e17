import { createHash } from 'node:crypto';
import type { ServerCatalog } from './entities.ts';

/** The catalog before its first import. */
export const NO_CATALOG: ServerCatalog = {
  id: 'catalog',
  version: 0,
  sequence: 0,
  status: 'NOT_IMPORTED',
  lastModifiedOn: 0,
  importNumber: 0,
  appCatalogStatus: 'NOT_IMPORTED',
  appImportNumber: 0,
};

/** A catalog in another state has no servers to show. Source: user guide. */
export const hasServers = ({ status }: ServerCatalog) => status === 'AVAILABLE' || status === 'IMPORTING';

/** `s-` and 8 hexadecimal digits as SMS's, made from the server's address: the same server has the same id, whoever imports it. */
export const serverIdOf = (vmManagerId: string, vmId: string) =>
  `s-${createHash('sha256').update(`${vmManagerId}/${vmId}`).digest('hex').slice(0, 8)}`;
