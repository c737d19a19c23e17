import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsDocument } from './permissions/document.ts';
import { resolved } from './permissions/resolve.ts';
import { rolesOf } from './permissions/roles.ts';
import { synthesize } from './permissions/templates.ts';

/** Writes docs/permissions.md from the templates. */
writeFileSync(
  join(import.meta.dirname, '..', 'docs', 'permissions.md'),
  permissionsDocument(rolesOf(resolved(synthesize()))),
);
