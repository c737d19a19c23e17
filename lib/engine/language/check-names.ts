import { type Place, report } from './diagnostic.ts';

/** A state's name where it stands, in JSON text. */
interface Named {
  readonly name: string;
  readonly at: string;
}

/** What an object or a list is, by where it stands; `inner` is anything that holds no states. */
type Kind = 'machine' | 'states' | 'state' | 'branches' | 'inner';

interface Level {
  readonly at: string;
  readonly kind: Kind;
  /** The member or the element that is being read. */
  current: string;
  /** The number of the element; undefined in an object. */
  index?: number;
}

/** Checks that no two states have the same name, wherever they stand. A parsed definition no longer knows that a name stood twice in one object, so this reads the text. */
export function checkNames(source: string, place: Place) {
  const seen = new Set<string>();
  for (const { name, at } of stateNames(source)) {
    if (seen.has(name)) report({ ...place, at }, `Duplicate State name: ${name}`, 'DUPLICATE_STATE_NAME');
    seen.add(name);
  }
}

/** Reads on level by level, without calling itself: a text may be nested as deeply as it is long. */
function* stateNames(source: string): Generator<Named> {
  const levels: Level[] = [];
  for (const [token, colon] of source.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\],]/g)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push(open(token === '[', level));
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',' && level?.index !== undefined) level.index += 1;
    else if (colon !== undefined && level) {
      level.current = JSON.parse(token.slice(0, -colon.length)) as string;
      if (level.kind === 'states') yield { name: level.current, at: `${level.at}/${level.current}` };
    }
  }
}

function open(isList: boolean, outer: Level | undefined): Level {
  const index = isList ? { index: 0 } : {};
  if (!outer) return { at: '', kind: isList ? 'inner' : 'machine', current: '', ...index };
  const at = outer.at + (outer.index === undefined ? `/${outer.current}` : `[${outer.index}]`);
  return { at, kind: kindOf(isList, outer), current: '', ...index };
}

function kindOf(isList: boolean, { kind, current }: Level): Kind {
  if (isList) return kind === 'state' && current === 'Branches' ? 'branches' : 'inner';
  if (kind === 'machine') return current === 'States' ? 'states' : 'inner';
  if (kind === 'states') return 'state';
  if (kind === 'branches') return 'machine';
  return kind === 'state' && (current === 'ItemProcessor' || current === 'Iterator') ? 'machine' : 'inner';
}
