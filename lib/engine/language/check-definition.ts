import type { Json } from '../../json.ts';
import { checkMachine } from './check-machine.ts';
import { checkNames } from './check-names.ts';
import { checkTransitions } from './check-transitions.ts';
import { type Diagnostic, type Place, report } from './diagnostic.ts';
import type { JsonObject } from './json-value.ts';

export type { Diagnostic } from './diagnostic.ts';

/** What is wrong with a definition: all that AWS refuses when a state machine is created, and what this engine does not run. No errors when it can run. */
export function checkDefinition(source: string, { type }: { type: 'STANDARD' | 'EXPRESS' }): Diagnostic[] {
  const place = placeFor(type);
  const definition = parse(source, place);
  if (definition === undefined) return place.findings;
  try {
    checkMachine(definition, place);
    checkNames(source, place);
    // Where states lead is asked of well-formed definitions only.
    if (place.findings.length === 0) checkTransitions(definition as JsonObject, place);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(place, 'The definition is too deeply nested', 'TOO_DEEPLY_NESTED');
  }
  return place.findings;
}

const placeFor = (type: Place['type']): Place => ({
  at: '',
  language: 'JSONPath',
  machineLanguage: 'JSONPath',
  type,
  isOuterVariable: () => false,
  isAssignedBefore: () => false,
  inCatcher: false,
  findings: [],
});

function parse(source: string, place: Place): Json | undefined {
  try {
    return JSON.parse(source) as Json;
  } catch (error) {
    report(place, (error as SyntaxError).message, 'INVALID_JSON_DESCRIPTION');
    return undefined;
  }
}
