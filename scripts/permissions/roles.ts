import type { ResolvedResource } from './resolve.ts';

/** A statement of a policy. */
export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A role with what it may do, and who has it. */
export interface RoleOf {
  readonly role: string;
  /** The function's name in the code, the state machine's, or what else has the role. */
  readonly holder: string;
  readonly kind: 'function' | 'state machine' | 'other';
  readonly statements: readonly Statement[];
}

type Policy = { readonly PolicyDocument: { readonly Statement: readonly Record<string, unknown>[] } };

/** Every role of the stacks. */
export function rolesOf(resources: readonly ResolvedResource[]): RoleOf[] {
  return resources
    .filter(({ type }) => type === 'AWS::IAM::Role')
    .map(({ ref: role, id, properties }) => {
      const inline = ((properties.Policies ?? []) as Policy[]).flatMap(statementsOf);
      const attached = resources
        .filter(({ type, properties: { Roles } }) => type === 'AWS::IAM::Policy' && (Roles as string[]).includes(role))
        .flatMap((policy) => statementsOf(policy.properties as unknown as Policy));
      return { role, ...holderOf(role, { id, resources }), statements: [...inline, ...attached] };
    });
}

const statementsOf = ({ PolicyDocument: { Statement: statements } }: Policy): Statement[] =>
  statements.map((statement) => ({
    ...(statement as unknown as Statement),
    Action: [statement.Action].flat() as string[],
    Resource: [statement.Resource].flat() as string[],
  }));

function holderOf(
  role: string,
  { id, resources }: { id: string; resources: readonly ResolvedResource[] },
): Pick<RoleOf, 'holder' | 'kind'> {
  const arn = `:role/${role}`;
  const fn = resources.find(
    ({ type, properties }) => type === 'AWS::Lambda::Function' && String(properties.Role).endsWith(arn),
  );
  if (fn) return { holder: pascalCase(fn.ref), kind: 'function' };
  const machine = resources.find(
    ({ type, properties }) => type === 'AWS::StepFunctions::StateMachine' && String(properties.RoleArn).endsWith(arn),
  );
  if (machine) return { holder: machine.properties.StateMachineName as string, kind: 'state machine' };
  return { holder: OTHERS.find(([part]) => id.includes(part))?.[1] ?? id, kind: 'other' };
}

/** `rehost-begin-run` → `BeginRun`. */
export const pascalCase = (functionName: string) =>
  functionName
    .split('-')
    .slice(1)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Holders that are no functions and no state machines, by a part of their role's id. */
const OTHERS = [
  ['Scheduler', 'the schedule'],
  ['Launch', 'CloudFormation, for launches'],
  ['ConnectorRole', 'connectors, for their blocks'],
] as const;
