import { demandText, escaped, type Xml } from './xml.ts';

/** Names an object of vCenter: what VMware calls a managed object reference. */
export interface Moref {
  readonly type: string;
  /** Such as `vm-123`. */
  readonly id: string;
}

export const morefOf = (node: Xml | undefined, ...names: readonly string[]): Moref => ({
  type: demandText(node, ...names, '@type'),
  id: demandText(node, ...names),
});

export const virtualMachine = (id: string): Moref => ({ type: 'VirtualMachine', id });

/** An argument of a call that is an object. */
export const refArgument = (name: string, { type, id }: Moref) =>
  `<${name} type="${escaped(type)}">${escaped(id)}</${name}>`;

/** An argument that is text, a number or a truth value. */
export const argument = (name: string, value: string | number | boolean) =>
  `<${name}>${escaped(String(value))}</${name}>`;
