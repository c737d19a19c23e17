import { type Diagnostic, type Place, report, within } from './diagnostic.ts';
import type { JsonObject } from './json-value.ts';
import { machinesIn, type Target, targetsOf } from './state-graph.ts';

/** It is nowhere in particular, so that it has no location. */
const NO_END: Diagnostic = {
  severity: 'ERROR',
  code: 'MISSING_END_STATE',
  message: 'Workflow has no terminal state',
};

/** Checks where states lead: every target exists, the workflow can end, and every state can be reached. The definition is well-formed. */
export function checkTransitions({ StartAt, States }: JsonObject, place: Place) {
  const states = States as { [name: string]: JsonObject };
  const inStates = within(place, 'States');
  const targets = new Map(Object.entries(states).map(([name, state]) => [name, targetsOf(state)]));
  const isThere = ({ name }: Target) => Object.hasOwn(states, name);
  const start = { name: StartAt as string, at: '/StartAt' };
  if (!isThere(start)) missing(start, place);
  for (const [name, leads] of targets)
    for (const target of leads) if (!isThere(target)) missing(target, within(inStates, name));
  if (Object.values(states).some(isTerminal)) checkReachable(start.name, targets, inStates);
  else place.findings.push(NO_END);
  for (const [name, state] of Object.entries(states)) {
    const here = within(inStates, name);
    for (const { machine, at } of machinesIn(state)) checkTransitions(machine, { ...here, at: here.at + at });
  }
}

const isTerminal = ({ Type, End }: JsonObject) => End === true || Type === 'Succeed' || Type === 'Fail';

/** AWS says 'Next' whatever the field is called. */
const missing = ({ name, at }: Target, place: Place) =>
  report({ ...place, at: place.at + at }, `Missing 'Next' target: ${name}`, 'MISSING_TRANSITION_TARGET');

function checkReachable(start: string, targets: ReadonlyMap<string, readonly Target[]>, place: Place) {
  const reached = new Set([start]);
  for (const name of reached) for (const next of targets.get(name) ?? []) reached.add(next.name);
  for (const name of targets.keys()) {
    if (!reached.has(name))
      report(within(place, name), `State "${name}" is not reachable.`, 'MISSING_TRANSITION_TARGET');
  }
}
