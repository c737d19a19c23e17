import type { QueryLanguage } from './definition.ts';

/** One finding about a definition, as ValidateStateMachineDefinition reports it. */
export interface Diagnostic {
  readonly severity: 'ERROR' | 'WARNING';
  readonly code: string;
  readonly message: string;
  /** The field or the state, as `/States/Name/Field`. */
  readonly location?: string;
}

/** Where a check stands in a definition, and what it must know of the rest. */
export interface Place {
  readonly at: string;
  /** The language of the state. */
  readonly language: QueryLanguage;
  /** The language of the whole machine: states within a Map or a Parallel state go by it, not by the state around them. */
  readonly machineLanguage: QueryLanguage;
  readonly type: 'STANDARD' | 'EXPRESS';
  /** Whether a scope around may have assigned a variable, which the state must not assign then. */
  isOuterVariable(name: string): boolean;
  /** Whether a variable may be assigned when the state is entered, which states within it must not assign. */
  isAssignedBefore(name: string): boolean;
  /** Only there `$states.errorOutput` is an error. */
  readonly inCatcher: boolean;
  readonly findings: Diagnostic[];
}

export const within = (place: Place, name: string): Place => ({ ...place, at: `${place.at}/${name}` });

export const element = (place: Place, index: number): Place => ({ ...place, at: `${place.at}[${index}]` });

/** Notes an error at the place. */
export function report({ at, findings }: Place, message: string, code = 'SCHEMA_VALIDATION_FAILED') {
  findings.push({ severity: 'ERROR', code, message, location: at || '/' });
}
