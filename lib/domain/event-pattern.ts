import type { Json } from '../json.ts';

/** What a member may be: one of these values, or there at all, or not. */
export type Matcher = string | number | boolean | null | { readonly exists: boolean };

/** Which events a rule is about: the part of EventBridge's patterns that ours need. Source: EventBridge user guide, event patterns. */
export interface EventPattern {
  readonly [member: string]: EventPattern | readonly Matcher[] | readonly EventPattern[];
}

/** Whether the event is one of those that the pattern is about: every member that it names fits, and of `$or` one pattern. */
export function matches(pattern: EventPattern, event: unknown): boolean {
  const members = isObject(event) ? event : {};
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') return (wanted as readonly EventPattern[]).some((one) => matches(one, members));
    if (!Array.isArray(wanted)) return matches(wanted as EventPattern, members[name]);
    return (wanted as readonly Matcher[]).some((matcher) => fits(matcher, members[name]));
  });
}

/** Of a list one element has to fit. What an object or a list of nothing holds is not there for EventBridge, which looks at leaves. */
function fits(matcher: Matcher, value: Json | undefined): boolean {
  if (Array.isArray(value) && value.length > 0) return value.some((element) => fits(matcher, element));
  const isLeaf = value !== undefined && (value === null || typeof value !== 'object');
  if (isObject(matcher)) return isLeaf === (matcher as { exists: boolean }).exists;
  return isLeaf && value === matcher;
}

const isObject = (value: unknown): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
