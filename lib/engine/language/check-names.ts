import { type Place, report } from './diagnostic.ts';

/** A state's name where it stands, in JSON text. */
interface Named {
  readonly name: string;
  readonly at: string;
}

interface Level {
  readonly at: string;
  /** The member or the element that is being read. */
  current: string;
  readonly isList: boolean;
  readonly isStates: boolean;
}

/** Checks that no two states have the same name, wherever they stand. A parsed definition no longer knows that a name stood twice in one object, so this reads the text. */
export function checkNames(source: string, place: Place) {
  const seen = new Set<string>();
  for (const { name, at } of stateNames(source)) {
    if (seen.has(name)) report({ ...place, at }, `Duplicate State name: ${name}`, 'DUPLICATE_STATE_NAME');
    seen.add(name);
  }
}

/** Members of objects that are called States and stand where a machine has them. */
function* stateNames(source: string): Generator<Named> {
  const levels: Level[] = [];
  for (const [token, colon] of source.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\],]/g)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push(open(token, level));
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',' && level?.isList) level.current = `[${Number(level.current.slice(1, -1)) + 1}]`;
    else if (colon !== undefined && level) {
      const name = JSON.parse(token.slice(0, -colon.length)) as string;
      level.current = `/${name}`;
      if (level.isStates) yield { name, at: level.at + level.current };
    }
  }
}

const MACHINES = /^(?:\/States\/[^/]*\/(?:Branches\[\d+\]|ItemProcessor|Iterator))*$/;

function open(token: string, outer: Level | undefined): Level {
  const at = outer ? outer.at + outer.current : '';
  const isStates = outer?.current === '/States' && MACHINES.test(outer.at);
  return { at, current: token === '[' ? '[0]' : '', isList: token === '[', isStates };
}
