import type { Json } from '../../json.ts';
import { checkFields, type Fields } from './check-fields.ts';
import { checkProcessorConfig } from './check-map.ts';
import { checkState } from './check-state.ts';
import { integer, object, oneOf, text } from './check-value.ts';
import { type Place, report, within } from './diagnostic.ts';
import { isObject } from './json-value.ts';
import { variableFlow } from './state-graph.ts';

const LONGEST_NAME = 80;
const MOST_SECONDS = 99_999_999;

/** States come first, as AWS names what is missing in this order. */
const BRANCH: Fields = {
  States: { check: object, required: true },
  StartAt: { check: text, required: true },
  Comment: { check: text },
};
const PROCESSOR: Fields = { ...BRANCH, ProcessorConfig: { check: checkProcessorConfig } };
const MACHINE: Fields = {
  ...BRANCH,
  QueryLanguage: { check: oneOf('JSONPath', 'JSONata') },
  TimeoutSeconds: { check: integer(1, MOST_SECONDS) },
  Version: { check: oneOf('1.0') },
};

/** Checks a machine with all that is in it. */
export function checkMachine(machine: Json, place: Place) {
  const language = languageOf(machine);
  checkStates(machine, MACHINE, { ...place, language, machineLanguage: language });
}

export const checkBranch = (branch: Json, place: Place) => checkStates(branch, BRANCH, inner(place));
export const checkProcessor = (processor: Json, place: Place) => checkStates(processor, PROCESSOR, inner(place));

const inner = (place: Place): Place => ({
  ...place,
  language: place.machineLanguage,
  isOuterVariable: (name) => place.isOuterVariable(name) || place.isAssignedBefore(name),
});

/** What is not exactly JSONPath counts as JSONata. */
function languageOf(machine: Json): Place['language'] {
  const language = isObject(machine) ? machine.QueryLanguage : undefined;
  return language === undefined || language === 'JSONPath' ? 'JSONPath' : 'JSONata';
}

function checkStates(machine: Json, fields: Fields, place: Place) {
  if (!checkFields(machine, fields, place) || !isObject(machine.States)) return;
  const states = Object.entries(machine.States);
  const inStates = within(place, 'States');
  if (states.length === 0) report(inStates, 'There must be at least one state');
  const flow = variableFlow(machine.States);
  for (const [name, state] of states) {
    const here = within(inStates, name);
    if (name === '' || name.length > LONGEST_NAME)
      report(here, `A state name has from 1 to ${LONGEST_NAME} characters`, 'INVALID_STATE_NAME');
    checkState(state, { ...here, isAssignedBefore: (variable) => flow(name).has(variable) });
  }
}
