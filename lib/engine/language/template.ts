import type { Json } from '../../json.ts';
import { callIntrinsic } from './intrinsic-call.ts';
import { isIntrinsic } from './intrinsic-parser.ts';
import { evaluateField } from './json-path.ts';
import { isObject, type JsonObject, setMember } from './json-value.ts';
import type { Scope } from './scope.ts';

type Render = (scope: Scope) => Json;

/** Templates are parts of definitions, so each is looked through once and forgotten with its definition. */
const compiled = new WeakMap<object, Render>();

/** Fills a payload template: members whose name ends in `.$` take the value of their path or intrinsic function. What has none is answered as it is. */
export function renderTemplate(template: Json, scope: Scope): Json {
  if (typeof template !== 'object' || template === null) return template;
  let render = compiled.get(template);
  if (!render) {
    render = compile(template) ?? (() => template);
    compiled.set(template, render);
  }
  return render(scope);
}

/** The value of a field that takes a path or an intrinsic function. */
export const evaluateExpression = (field: string, text: string, scope: Scope): Json =>
  isIntrinsic(text) ? callIntrinsic(text, scope) : evaluateField(field, text, scope);

/** How to fill a template; undefined for one that is always the same. */
function compile(template: Json): Render | undefined {
  if (Array.isArray(template)) return compileList(template);
  return isObject(template) ? compileObject(template) : undefined;
}

function compileList(items: readonly Json[]): Render | undefined {
  const renders = items.map(compile);
  if (!renders.some((render) => render)) return undefined;
  return (scope) =>
    items.map((item, at) => {
      const render = renders[at];
      return render ? render(scope) : item;
    });
}

function compileObject(template: JsonObject): Render | undefined {
  const members = Object.entries(template).map(([name, value]) => compileMember(name, value));
  if (!members.some(({ render }) => render)) return undefined;
  return (scope) => {
    const rendered: JsonObject = {};
    for (const { name, value, render } of members) setMember(rendered, name, render ? render(scope) : value);
    return rendered;
  };
}

function compileMember(name: string, value: Json): { name: string; value: Json; render?: Render | undefined } {
  if (!name.endsWith('.$') || typeof value !== 'string') return { name, value, render: compile(value) };
  return { name: name.slice(0, -2), value, render: (scope) => evaluateExpression(name, value, scope) };
}
