import { stringify } from 'yaml';

/** A document as JSON or YAML text; no line of YAML is folded, so that scripts in it stay as they are. */
export const formatDocument = (value: unknown, format: 'JSON' | 'YAML'): string =>
  format === 'JSON'
    ? `${JSON.stringify(value, null, 2)}\n`
    : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
