import type { ExecutionType } from '../execution.ts';
import { checkDefinition } from '../language/check-definition.ts';
import { compact, type EngineOperation, pageSize, textOf } from './service.ts';

/** All that is wrong with a definition; nothing is created. */
export const validateStateMachineDefinition: EngineOperation = (input) => {
  const type = (textOf(input, 'type') ?? 'STANDARD') as ExecutionType;
  const most = pageSize(input);
  const all = checkDefinition(input.definition as string, { type });
  const asked = all.filter(({ severity }) => input.severity === 'WARNING' || severity === 'ERROR');
  const failed = all.some(({ severity }) => severity === 'ERROR');
  return {
    result: failed ? 'FAIL' : 'OK',
    diagnostics: asked.slice(0, most).map((diagnostic) => compact({ ...diagnostic })),
    truncated: asked.length > most,
  };
};
