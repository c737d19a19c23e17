import type { FailState } from '../language/definition.ts';
import { renderExpression } from '../language/template.ts';
import { type StateType, scopeOf } from '../step.ts';

export const fail: StateType<FailState> = {
  enter(step) {
    const { Error: error, ErrorPath, Cause, CausePath } = step.state;
    const at = (path: string) => textOf(renderExpression(path, scopeOf(step)));
    return {
      kind: 'failed',
      error: ErrorPath ? at(ErrorPath) : (error ?? ''),
      cause: CausePath ? at(CausePath) : (Cause ?? ''),
    };
  },
};

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
