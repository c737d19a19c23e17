import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './package-root.ts';

const FOLDER = join(PACKAGE_ROOT, 'lib', 'workflows');

/** The workflows: every `*.asl.json` of the folder. */
export const WORKFLOW_NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.asl.json'))
  .map((file) => file.replace('.asl.json', ''));

/** The definition as it stands in its file. */
export const definitionOf = (workflow: string): string => readFileSync(join(FOLDER, `${workflow}.asl.json`), 'utf8');

/** The names of the functions that a definition calls, `${Name}` in its text. */
export const functionNamesOf = (definition: string): string[] => [
  ...new Set([...definition.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)),
];

/** The comment of the first state that calls the function: what the function is for. */
export function descriptionOf(definition: string, functionName: string): string {
  const { States } = JSON.parse(definition) as { States: Record<string, { Comment?: string }> };
  const states = Object.values(States).filter((state) => JSON.stringify(state).includes(`\${${functionName}}`));
  return states.find(({ Comment }) => Comment)?.Comment ?? '';
}
