import type { Json } from '../../json.ts';
import { checkAtMostOne, checkExactlyOne, checkFields } from './check-fields.ts';
import { checkBranch, checkProcessor } from './check-machine.ts';
import { checkMapState, isDistributed } from './check-map.ts';
import type { State } from './definition.ts';
import { element, type Place, report, within } from './diagnostic.ts';
import { isObject, type JsonObject } from './json-value.ts';
import { EXCLUSIVE, STATE_FIELDS } from './state-fields.ts';

const never = () => false;
const TYPES = Object.keys(STATE_FIELDS);

/** Checks a state; the place is the state's, and its language the machine's. */
export function checkState(state: Json, machinePlace: Place) {
  if (!isObject(state)) return report(machinePlace, 'Expected an object');
  const { Type } = state;
  if (Type === undefined) return report(machinePlace, 'These fields are required: [Type]');
  if (typeof Type !== 'string' || !Object.hasOwn(STATE_FIELDS, Type))
    return report(within(machinePlace, 'Type'), `Expected one of [${TYPES.join(', ')}]`);
  const place = { ...machinePlace, language: languageOf(state, machinePlace) };
  checkFields(state, STATE_FIELDS[Type as State['Type']], place);
  for (const names of EXCLUSIVE) checkAtMostOne(state, names, place);
  BY_TYPE[Type as State['Type']](state, place);
}

/** A state may turn to JSONata, but not back. */
function languageOf({ QueryLanguage }: JsonObject, place: Place): Place['language'] {
  if (QueryLanguage === undefined) return place.language;
  if (QueryLanguage !== 'JSONPath' && QueryLanguage !== 'JSONata')
    report(within(place, 'QueryLanguage'), 'Expected one of [JSONPath, JSONata]');
  if (QueryLanguage !== 'JSONPath') return 'JSONata';
  if (place.language === 'JSONata')
    report(place, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
  return 'JSONPath';
}

type CheckState = (state: JsonObject, place: Place) => void;

/** What concerns several fields of a state, or machines within it. */
const BY_TYPE: Readonly<Record<State['Type'], CheckState>> = {
  Task: (state, place) => {
    checkTransition(state, place);
    if (Number(state.HeartbeatSeconds) >= Number(state.TimeoutSeconds))
      report(place, 'HeartbeatSeconds must be less than TimeoutSeconds');
  },
  Pass: checkTransition,
  Choice: () => {},
  Wait: (state, place) => {
    checkTransition(state, place);
    checkExactlyOne(state, ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath'], place);
  },
  Succeed: () => {},
  Fail: () => {},
  Parallel: (state, place) => {
    checkTransition(state, place);
    checkBranches(state.Branches, within(place, 'Branches'));
  },
  Map: (state, place) => {
    checkTransition(state, place);
    checkMapState(state, place);
    // What runs as an execution of its own sees no variables of the state machine.
    const scope = isDistributed(state) ? { isOuterVariable: never, isAssignedBefore: never } : {};
    for (const name of ['ItemProcessor', 'Iterator']) {
      const processor = state[name];
      if (processor !== undefined) checkProcessor(processor, { ...within(place, name), ...scope });
    }
  },
};

function checkTransition({ Next, End }: JsonObject, place: Place) {
  if (Next !== undefined && End === true) report(place, 'Only one of these fields is allowed: [Next, End]');
  if (Next === undefined && End !== true) report(place, 'One of these fields is required: [Next, End]');
}

function checkBranches(branches: Json | undefined, place: Place) {
  if (branches === undefined) return;
  if (!Array.isArray(branches) || branches.length === 0) return report(place, 'Expected an array that is not empty');
  for (const [index, branch] of branches.entries()) checkBranch(branch, element(place, index));
}
