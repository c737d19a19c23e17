import type { Scope } from '../../../lib/engine/language/scope.ts';

/** A scope in which time stands still and chance is known. */
export const scopeOf = (parts: Partial<Scope> = {}): Scope => ({
  input: {},
  context: { Execution: { Id: 'execution-1', Input: { name: 'Ada' } } },
  variables: {},
  now: () => Date.UTC(2026, 10, 21),
  random: () => 0.5,
  uuid: () => 'uuid-1',
  ...parts,
});

/** The error name and cause that a call throws. */
export function thrownBy(call: () => unknown): string {
  try {
    return `answered ${JSON.stringify(call())}`;
  } catch (error) {
    const { error: name, causeText } = error as { error?: string; causeText?: string };
    return name === undefined ? String(error) : `${name}: ${causeText}`;
  }
}
