import { checkTemplate } from './check-expression.ts';
import type { Check } from './check-value.ts';
import { report } from './diagnostic.ts';
import { isObject } from './json-value.ts';

/** Checks the role that a Task takes. */
export const checkCredentials: Check = (credentials, place) => {
  const named = isObject(credentials) && ['RoleArn', 'RoleArn.$'].some((name) => Object.hasOwn(credentials, name));
  if (!named) report(place, "The field 'RoleArn' is required but was missing");
  checkTemplate(credentials, place);
};
