import { isFault, isGone } from './faults.ts';
import { argument, type Moref, morefOf, refArgument } from './moref.ts';
import type { VimSession } from './vim-session.ts';
import { child, children, demandText, textOf, type Xml } from './xml.ts';

/** An object with those of its properties that it has. */
export interface ObjectProperties {
  readonly ref: Moref;
  readonly properties: ReadonlyMap<string, Xml>;
}

/** Objects of one answer: some ten KiB each way. */
const PAGE = 250;

/** The properties of one object; undefined when it is not there. */
export async function propertiesOf(
  session: VimSession,
  ref: Moref,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Xml> | undefined> {
  const objects = `<objectSet>${refArgument('obj', ref)}</objectSet>`;
  try {
    for await (const one of retrieve(session, propertySet(ref.type, paths) + objects)) return one.properties;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return undefined;
}

/**
 * All objects of these types below the root folder, page by page. A session that ends in between makes vCenter forget where it was: the list is begun
 * again, and what was answered before is left out.
 */
export async function* inventoryOf(
  session: VimSession,
  wanted: Readonly<Record<string, readonly string[]>>,
): AsyncGenerator<ObjectProperties> {
  const { rootFolder } = await session.content();
  const sets = Object.entries(wanted).map(([type, paths]) => propertySet(type, paths));
  const spec = `${sets.join('')}<objectSet>${refArgument('obj', rootFolder)}${argument('skip', false)}${TRAVERSAL}</objectSet>`;
  const seen = new Set<string>();
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const one of retrieve(session, spec)) {
        if (seen.has(one.ref.id)) continue;
        seen.add(one.ref.id);
        yield one;
      }
      return;
    } catch (error) {
      if (attempt === 3 || !isFault(error, ...LOST_PLACE)) throw error;
    }
  }
}

/** How vCenter says that it does not know the token of a page. */
const LOST_PLACE = ['InvalidProperty', 'InvalidArgument', 'NotAuthenticated', 'ManagedObjectNotFound'];

const traversal = (name: string, type: string, path: string) =>
  `<selectSet xsi:type="TraversalSpec">${argument('name', name)}${argument('type', type)}${argument('path', path)}${argument('skip', false)}${FURTHER}</selectSet>`;
/** From each object on the way all steps are tried again. */
const FURTHER = ['folders', 'machines', 'members']
  .map((name) => `<selectSet>${argument('name', name)}</selectSet>`)
  .join('');
/** Folders and their entries, the folder of virtual machines of each datacenter, the machines of each vApp. */
const TRAVERSAL =
  traversal('folders', 'Folder', 'childEntity') +
  traversal('machines', 'Datacenter', 'vmFolder') +
  traversal('members', 'VirtualApp', 'vm');

const propertySet = (type: string, paths: readonly string[]) =>
  `<propSet>${argument('type', type)}${argument('all', false)}${paths.map((path) => argument('pathSet', path)).join('')}</propSet>`;

async function* retrieve(session: VimSession, spec: string): AsyncGenerator<ObjectProperties> {
  const { propertyCollector } = await session.content();
  const options = `<options>${argument('maxObjects', PAGE)}</options>`;
  let answer = await session.call('RetrievePropertiesEx', propertyCollector, `<specSet>${spec}</specSet>${options}`);
  for (;;) {
    const page = child(answer, 'returnval');
    for (const object of children(page, 'objects')) yield objectOf(object);
    const token = textOf(page, 'token');
    if (!token) return;
    answer = await session.call('ContinueRetrievePropertiesEx', propertyCollector, argument('token', token));
  }
}

const objectOf = (object: Xml): ObjectProperties => ({
  ref: morefOf(object, 'obj'),
  properties: new Map(
    children(object, 'propSet').map((property) => [demandText(property, 'name'), child(property, 'val') ?? '']),
  ),
});
