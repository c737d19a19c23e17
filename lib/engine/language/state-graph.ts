import type { Json } from '../../json.ts';
import { isObject, type JsonObject } from './json-value.ts';

/** A state that another leads to, and where in that other this is said, as `/Choices[0]/Next`. */
export interface Target {
  readonly name: string;
  readonly at: string;
}

/** Where a state leads. */
export function targetsOf(state: JsonObject): Target[] {
  return [
    ...target(state, 'Next', ''),
    ...elements(state, 'Choices').flatMap(({ value, at }) => target(value, 'Next', at)),
    ...target(state, 'Default', ''),
    ...elements(state, 'Catch').flatMap(({ value, at }) => target(value, 'Next', at)),
  ];
}

function target(holder: JsonObject, field: string, at: string): Target[] {
  const name = holder[field];
  return typeof name === 'string' ? [{ name, at: `${at}/${field}` }] : [];
}

/** The objects of a list that a state may have. */
function elements(state: JsonObject, field: string): { value: JsonObject; at: string }[] {
  const list: Json | undefined = state[field];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value, index) => (isObject(value) ? [{ value, at: `/${field}[${index}]` }] : []));
}

/** The machines within a state. */
export function machinesIn(state: JsonObject): { machine: JsonObject; at: string }[] {
  const processors = ['ItemProcessor', 'Iterator'].flatMap((name) => {
    const machine = state[name];
    return isObject(machine) ? [{ machine, at: `/${name}` }] : [];
  });
  return [...elements(state, 'Branches').map(({ value, at }) => ({ machine: value, at })), ...processors];
}

/** The variables that a state assigns, itself, by a catcher or by a rule. */
function variablesOf(state: JsonObject): string[] {
  const holders = [state, ...[...elements(state, 'Catch'), ...elements(state, 'Choices')].map(({ value }) => value)];
  return holders
    .flatMap(({ Assign }) => (isObject(Assign) ? Object.keys(Assign) : []))
    .map((name) => name.replace(/\.\$$/, ''));
}

/** Tells for a state which variables may have been assigned by the time that it is entered. Looks when it is asked, and once for each state. */
export function variableFlow(states: JsonObject): (name: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  let leadingTo: ReadonlyMap<string, readonly string[]> | undefined;
  return (name) => {
    leadingTo ??= leadersOf(states);
    const variables = known.get(name) ?? variablesBefore(name, states, leadingTo);
    known.set(name, variables);
    return variables;
  };
}

/** For each state those that lead to it. */
function leadersOf(states: JsonObject): Map<string, string[]> {
  const leaders = new Map<string, string[]>();
  for (const [name, state] of Object.entries(states)) {
    for (const target of isObject(state) ? targetsOf(state) : []) {
      const others = leaders.get(target.name);
      if (others) others.push(name);
      else leaders.set(target.name, [name]);
    }
  }
  return leaders;
}

function variablesBefore(
  name: string,
  states: JsonObject,
  leaders: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const before = new Set(leaders.get(name));
  for (const reached of before) for (const other of leaders.get(reached) ?? []) before.add(other);
  return new Set([...before].flatMap((other) => variablesOf(states[other] as JsonObject)));
}
