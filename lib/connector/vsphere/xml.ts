import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element of an answer: its text, or its elements by their names. */
export type Xml = string | { readonly [name: string]: Xml | readonly Xml[] };

/** An answer that no vCenter gives: another program listens there, or something between changed it. */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError';
}

/** Elements within elements: properties of virtual machines have twenty; more is an attack. */
const MAX_DEPTH = 64;
const PARSER = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  // The prefix is the sender's choice; vim25 has no other attribute with one that matters.
  transformAttributeName: (name) => name.replace(/^@.+:type$/, '@xsi:type'),
  ignoreDeclaration: true,
  transformTagName: (name) => name.slice(name.indexOf(':') + 1),
  parseTagValue: false,
  parseAttributeValue: false,
  // Entities are decoded here, one by one: none can be declared, and none holds others.
  processEntities: false,
  tagValueProcessor: (_, value) => decoded(value),
  maxNestedTags: MAX_DEPTH,
});

/** Throws MalformedAnswerError. */
export function parseXml(text: string): Xml {
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw new MalformedAnswerError('an answer declares a document type');
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new MalformedAnswerError(`an answer is no XML: ${valid.err.msg} (line ${valid.err.line})`);
  try {
    return PARSER.parse(text) as Xml;
  } catch (error) {
    throw new MalformedAnswerError(`an answer cannot be read: ${(error as Error).message}`);
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const decoded = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) =>
    name ? NAMED[name.toLowerCase()]! : character(Number.parseInt(hex ?? decimal, hex ? 16 : 10), whole),
  );

const character = (code: number, otherwise: string) => (code <= 0x10ffff ? String.fromCodePoint(code) : otherwise);

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it stands in an element. Characters that XML cannot hold are left out. */
export const escaped = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"]/g, (one) => ESCAPES[one]!);

/** The elements of that name. */
export function children(node: Xml | undefined, name: string): readonly Xml[] {
  if (node === undefined || typeof node === 'string' || !Object.hasOwn(node, name)) return [];
  const found = node[name]!;
  return Array.isArray(found) ? found : [found as Xml];
}

/** The element to which the names lead, the first where there are several. */
export const child = (node: Xml | undefined, ...names: readonly string[]): Xml | undefined =>
  names.reduce<Xml | undefined>((at, name) => children(at, name)[0], node);

/** The text to which the names lead. */
export function textOf(node: Xml | undefined, ...names: readonly string[]): string | undefined {
  const found = child(node, ...names);
  if (found === undefined || typeof found === 'string') return found;
  const text = found['#text'];
  return typeof text === 'string' ? text : undefined;
}

/** Throws MalformedAnswerError where there is none. */
export function demandText(node: Xml | undefined, ...names: readonly string[]): string {
  const text = textOf(node, ...names);
  if (text === undefined) throw new MalformedAnswerError(`an answer has no ${names.join('.')}`);
  return text;
}

/** A whole number, not negative. Throws MalformedAnswerError. */
export function demandNumber(node: Xml | undefined, ...names: readonly string[]): number {
  const number = Number(demandText(node, ...names));
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new MalformedAnswerError(`an answer has no sensible number in ${names.join('.')}`);
}

/** The type that an element says to have: xsi:type without its prefix. */
export const typeOf = (node: Xml | undefined): string => (textOf(node, '@xsi:type') ?? '').replace(/^.*:/, '');
