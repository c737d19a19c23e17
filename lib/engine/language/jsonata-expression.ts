import type { Json } from '../../json.ts';
import { bound, startClock, TIME_LIMIT, tookTooLong } from './jsonata-bounds.ts';
import { addFunctions } from './jsonata-functions.ts';
import { needsOf, nodesOf } from './jsonata-needs.ts';
import { type Expression, type Node, Sandbox, type Settled, TookTooLong } from './jsonata-sandbox.ts';
import type { Scope } from './scope.ts';

interface Compiled {
  readonly expression: Expression;
  readonly needs: ReadonlySet<string>;
  /** One step of it may take for ever, so that V8 must watch. */
  readonly mustWatch: boolean;
}

/** The functions whose one call can take longer than all the rest of an expression. */
const SLOW_FUNCTIONS: ReadonlySet<unknown> = new Set(['distinct', 'sort']);

const MAX_COMPILED = 5_000;
const compiled = new Map<string, Compiled>();
let sandbox: Sandbox | undefined;
let chance: Scope | undefined;

/** The parsed expression. Throws the library's error, with code and message. */
export function parseExpression(text: string): Node {
  return compile(text).expression.ast();
}

function compile(text: string): Compiled {
  const known = compiled.get(text);
  if (known) return known;
  sandbox ??= new Sandbox();
  const expression = sandbox.compile(text);
  bound(expression);
  addFunctions(expression, () => ({ random: chance!.random, uuid: chance!.uuid, sandbox: sandbox! }));
  const ast = expression.ast();
  const mustWatch = [...nodesOf(ast)].some(({ type, value }) => type === 'regex' || SLOW_FUNCTIONS.has(value));
  const result = { expression, needs: needsOf(ast), mustWatch };
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(text, result);
  return result;
}

/** What expressions of one template have in common: the copies of what they look at. */
export interface Session {
  readonly scope: Scope;
  readonly copies: Map<string, unknown>;
}

export const newSession = (scope: Scope): Session => ({ scope, copies: new Map() });

/** Evaluates an expression. The value belongs to the sandbox: it may hold functions, and its objects are not ours. */
export function evaluate(text: string, session: Session): Settled {
  try {
    const { expression, needs, mustWatch } = compile(text);
    const bindings = bindingsFor(needs, session);
    const { now, random, timeLimit = TIME_LIMIT } = session.scope;
    chance = session.scope;
    startClock(timeLimit);
    return sandbox!.run(expression, bindings, { now, random, ...(mustWatch ? { timeout: timeLimit } : {}) });
  } catch (error) {
    if (!(error instanceof TookTooLong)) return { error };
    // What V8 has ended may have left promises behind, so that nothing of it is used again.
    sandbox = undefined;
    compiled.clear();
    return { error: tookTooLong() };
  }
}

function bindingsFor(needs: ReadonlySet<string>, session: Session): Record<string, unknown> {
  const { variables } = session.scope;
  const bindings: Record<string, unknown> = Object.create(null);
  const states: Record<string, unknown> = {};
  for (const need of needs) {
    const [name, member] = need.split('.') as [string, string?];
    if (name !== 'states') {
      if (Object.hasOwn(variables, name)) bindings[name] = copyOf(need, variables[name], session);
      continue;
    }
    for (const each of member === undefined ? STATES_MEMBERS : [member]) {
      if (isStatesMember(each)) states[each] = copyOf(`states.${each}`, session.scope[each], session);
    }
  }
  return { ...bindings, states };
}

const STATES_MEMBERS = ['input', 'context', 'result', 'errorOutput'] as const;
const isStatesMember = (name: string): name is (typeof STATES_MEMBERS)[number] =>
  (STATES_MEMBERS as readonly string[]).includes(name);

function copyOf(key: string, value: Json | undefined, { copies }: Session): unknown {
  if (value === undefined) return undefined;
  if (!copies.has(key)) copies.set(key, sandbox!.parse(JSON.stringify(value)));
  return copies.get(key);
}
