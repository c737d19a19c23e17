import type { Statement } from '../../../scripts/permissions/roles.ts';
import type { Asked } from './requests.ts';

/** Whether the text is one that the pattern, with `*` for anything, means. */
export const fits = (pattern: string, text: string) =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text);

/** The first statement that allows it. There are no denials in the roles. Source: IAM user guide, policy evaluation logic. */
export const allowing = (statements: readonly Statement[], { action, resource, context = {} }: Asked) =>
  statements.find(
    ({ Action, Resource, Condition }) =>
      Action.some((one) => fits(one, action)) &&
      Resource.some((one) => fits(one, resource)) &&
      Object.entries(Condition ?? {}).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) =>
          conditionHolds(operator, [wanted].flat() as string[], context[key]),
        ),
      ),
  );

/** The operators that the roles use; another would be a mistake of the tests. */
function conditionHolds(operator: string, wanted: readonly string[], actual: string | readonly string[] | undefined) {
  const values = actual === undefined ? [] : [actual].flat();
  switch (operator) {
    case 'StringEquals':
    case 'ArnEquals':
      return values.length > 0 && values.every((value) => wanted.includes(value));
    case 'StringLike':
      return values.length > 0 && values.every((value) => wanted.some((pattern) => fits(pattern, value)));
    case 'ForAllValues:StringEquals':
      return values.every((value) => wanted.includes(value));
    default:
      throw new Error(`nothing is known of the condition operator ${operator}`);
  }
}
