import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowName } from '../ports.ts';

/** The workflows; each has its definition in `<name>.asl.json` beside this file. */
export const WORKFLOWS = [
  'app-migration',
  'app-replication',
  'app-launch',
  'app-deletion',
  'replication-run',
  'replication-job-end',
  'catalog-import',
  'app-catalog-import',
] as const satisfies readonly WorkflowName[];

/** The definition as it stands in its file, with `${Name}` for the function of that name. */
export const readDefinition = (workflow: WorkflowName): string =>
  readFileSync(join(import.meta.dirname, `${workflow}.asl.json`), 'utf8');

/** The definition with the functions' ARNs. */
export const substituted = (definition: string, arnOf: (name: string) => string): string =>
  definition.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => arnOf(name));
