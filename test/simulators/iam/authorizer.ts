import type { RoleOf, Statement } from '../../../scripts/permissions/roles.ts';
import { allowing, fits } from './policies.ts';
import { type Asked, askedBy, type TagsOf, type WireCall } from './requests.ts';

/** Something that a role did not allow. */
export interface Refusal extends Asked {
  readonly holder: string;
}

/** IAM for the functions: each calls with an access key that is its own name, and gets what its role allows. */
export interface Authorizer {
  /** Whether the call may pass. Callers that are no function may do anything. */
  mayPass(accessKeyId: string, call: WireCall): Promise<boolean>;
  readonly refusals: Refusal[];
  /** Functions that are refused everything, so that they fail. */
  readonly broken: Set<string>;
  /** The rights that nobody used, as `holder action resource`, but for actions of the platform. */
  unused(ofThePlatform: (holder: string, action: string) => string | undefined): string[];
}

export function authorizer(roles: readonly RoleOf[], tagsOf: TagsOf): Authorizer {
  const byHolder = new Map(roles.filter(({ kind }) => kind === 'function').map((role) => [role.holder, role]));
  const used = new Map<Statement, Asked[]>();
  const broken = new Set<string>();
  const refusals: Refusal[] = [];
  return {
    refusals,
    broken,
    async mayPass(accessKeyId, call) {
      const role = byHolder.get(accessKeyId);
      if (!role) return true;
      if (broken.has(accessKeyId)) return false;
      let allowed = true;
      const all = await askedBy(call, tagsOf).catch((error: Error): Asked[] => [
        { action: 'unknown', resource: error.message },
      ]);
      for (const asked of all) {
        const statement = allowing(role.statements, asked);
        if (statement) used.set(statement, [...(used.get(statement) ?? []), asked]);
        else refusals.push({ holder: accessKeyId, ...asked });
        allowed &&= Boolean(statement);
      }
      return allowed;
    },
    unused: (ofThePlatform) =>
      [...byHolder.values()].flatMap(({ holder, statements }) =>
        statements.flatMap((statement) =>
          pairsOf(statement)
            .filter(({ action }) => !ofThePlatform(holder, action))
            .filter(
              ({ action, resource }) =>
                !(used.get(statement) ?? []).some((one) => one.action === action && fits(resource, one.resource)),
            )
            .map(({ action, resource }) => `${holder} ${action} ${resource}`),
        ),
      ),
  };
}

const pairsOf = ({ Action, Resource }: Statement) =>
  Action.flatMap((action) => Resource.map((resource) => ({ action, resource })));
