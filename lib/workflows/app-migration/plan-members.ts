/** A plan that cannot be carried out; the message names the member. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

type Types = Readonly<Record<string, string>>;
type Members<M extends Types> = { [K in keyof M]?: unknown };

/** The value as an object with only these members, each of its type. Throws PlanError. */
export function members<M extends Types>(value: unknown, types: M, path: string): Members<M> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PlanError(`${path}: an object with ${Object.keys(types).join(', ')} is expected`);
  for (const [name, member] of Object.entries(value)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (!type) throw new PlanError(`${path}: there is no member ${name}; there are ${Object.keys(types).join(', ')}`);
    const actual = Array.isArray(member) ? 'list' : member === null ? 'nothing' : typeof member;
    if (actual !== type) throw new PlanError(`${path}.${name}: ${JSON.stringify(member)} is not a ${type}`);
  }
  return value;
}

/** Throws PlanError for the first of the members that is absent or empty. */
export function demandMembers(value: Readonly<Record<string, unknown>>, names: readonly string[], path: string): void {
  const missing = names.find((name) => value[name] === undefined || value[name] === '');
  if (missing !== undefined) throw new PlanError(`${path}.${missing} is required`);
}

/** The first value that comes twice. */
export const repeated = (values: readonly string[]): string | undefined =>
  values.find((value, index) => values.indexOf(value) !== index);
