import type { Json } from '../../json.ts';
import { isIntrinsic, runIntrinsic } from './intrinsics.ts';
import { evaluatePath, type Scope } from './json-path.ts';

/** Fills a payload template: members whose name ends in `.$` take the value of their path or intrinsic function. */
export function renderTemplate(template: Json, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((item) => renderTemplate(item, scope));
  if (template === null || typeof template !== 'object') return template;
  const rendered: Record<string, Json> = {};
  for (const [name, value] of Object.entries(template)) {
    if (name.endsWith('.$')) rendered[name.slice(0, -2)] = renderExpression(value as string, scope);
    else rendered[name] = renderTemplate(value, scope);
  }
  return rendered;
}

/** The value of a path or of an intrinsic function. */
export const renderExpression = (text: string, scope: Scope): Json =>
  isIntrinsic(text) ? runIntrinsic(text, scope) : evaluatePath(text, scope);
