import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

const FOLDER = join(import.meta.dirname, '..', 'workflows');

/** The definition as it stands in its file. */
export const definitionOf = (workflow: string): string => readFileSync(join(FOLDER, `${workflow}.asl.json`), 'utf8');

/** The names of the functions that a definition calls, `${Name}` in its text. */
export const functionNamesOf = (definition: string): string[] => [
  ...new Set([...definition.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)),
];

export interface WorkflowProps {
  /** The functions by the names that the definition calls them. */
  readonly functions: ReadonlyMap<string, IFunction>;
}

/** A state machine from its file, with the functions' ARNs put in; named as its file. */
export class Workflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, name: string, { functions }: WorkflowProps) {
    super(scope, name);
    const definition = definitionOf(name);
    const called = functionNamesOf(definition).map(
      (functionName) => [functionName, functions.get(functionName)!] as const,
    );
    this.stateMachine = new StateMachine(this, 'Resource', {
      stateMachineName: name,
      definitionBody: DefinitionBody.fromString(definition),
      definitionSubstitutions: Object.fromEntries(called.map(([functionName, fn]) => [functionName, fn.functionArn])),
      tracingEnabled: true,
    });
    for (const [, fn] of called) fn.grantInvoke(this.stateMachine);
  }
}
