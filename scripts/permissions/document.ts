import { reasonOf } from './reasons.ts';
import type { RoleOf, Statement } from './roles.ts';
import { ACCOUNT, REGION } from './templates.ts';

const HEAD = `# Permissions

What each part of the deployed service may do. This page is generated from the synthesized templates: \`node scripts/make-permissions-doc.ts\`; a test compares it.

Each function has a role of its own. \`npm run test:deployed\` runs every function against a double of AWS that refuses what the function's role does not allow, and
fails when a right is left that none of them used. Rights that Lambda or Step Functions themselves use are marked so: no code of ours makes those calls.
A wildcard always has its reason beside it.

`;

const TAIL = `
## Callers

| Who | Needs |
| --- | --- |
| SMS clients | the access key in Secrets Manager (output \`ClientKeyArn\`): \`secretsmanager:GetSecretValue\` on it, once |
| who asks for a migration by an event | \`events:PutEvents\` on the bus |
| who calls the API by invocation | \`lambda:InvokeFunction\` on \`rehost-api\`: it is not asked for a signature |
| who approves a launch | \`states:SendTaskSuccess\` on state machine \`app-migration\` |
| who deploys | the rights of the CDK's own roles (\`cdk bootstrap\`) |
| \`ImportImage\` | the role \`vmimport\` in the account. Source: VM Import/Export user guide |
`;

/** The page of all roles: those of functions first, by name. */
export function permissionsDocument(roles: readonly RoleOf[]): string {
  const kinds = ['function', 'state machine', 'other'] as const;
  const titles = { function: 'Functions', 'state machine': 'State machines', other: 'Others' };
  const sections = kinds.map((kind) => {
    const some = roles.filter((role) => role.kind === kind).sort((a, b) => a.holder.localeCompare(b.holder));
    return `## ${titles[kind]}\n\n${some.map(section).join('\n')}`;
  });
  return HEAD + sections.join('\n') + TAIL;
}

const section = ({ holder, statements }: RoleOf) =>
  `### ${holder}\n\n| Actions | On | Only if | Why |\n| --- | --- | --- | --- |\n${[...new Set(statements.flatMap((one) => rows(holder, one)))].sort().join('\n')}\n`;

/** A row for each resource of a statement. */
function rows(holder: string, { Action, Resource, Condition }: Statement): string[] {
  return Resource.map((resource) => {
    const reasons = [...new Set(Action.flatMap((action) => reasonOf(holder, action, resource) ?? []))];
    if (reasons.length === 0 && isWildcard(Action, resource))
      throw new Error(`${holder}: ${Action.join(', ')} on ${resource} has a wildcard and no reason; give one`);
    const cells = [
      Action.map((action) => `\`${action}\``).join(' '),
      `\`${short(resource)}\``,
      conditionText(Condition),
      reasons.join('; '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

export const isWildcard = (actions: readonly string[], resource: string) =>
  resource.includes('*') || actions.some((action) => action.includes('*'));

const short = (resource: string) => resource.replaceAll(ACCOUNT, 'ACCOUNT').replaceAll(REGION, 'REGION');

const conditionText = (condition: Statement['Condition']) =>
  Object.entries(condition ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => `\`${key}\` ${operator} \`${short([value].flat().join(', '))}\``),
    )
    .join(', ');
