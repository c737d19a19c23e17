import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { definitionOf, functionNamesOf } from './definition.ts';
import type { Settings } from './settings.ts';

export interface WorkflowProps {
  readonly settings: Settings;
  /** The functions by the names that the definition calls them. */
  readonly functions: ReadonlyMap<string, IFunction>;
}

/** A state machine from its file, with the functions' ARNs put in; named as its file. */
export class Workflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, name: string, { settings, functions }: WorkflowProps) {
    super(scope, name);
    const definition = definitionOf(name);
    const called = functionNamesOf(definition).map(
      (functionName) => [functionName, functions.get(functionName)!] as const,
    );
    const destination = new LogGroup(this, 'Logs', {
      // Groups of this name need no line in the region's one policy for logs, which has room for few. Source: Step Functions, logging.
      logGroupName: `/aws/vendedlogs/states/${settings.name}-${name}`,
      retention: settings.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(settings.encryptionKey ? { encryptionKey: settings.encryptionKey } : {}),
    });
    this.stateMachine = new StateMachine(this, 'Resource', {
      stateMachineName: name,
      comment: (JSON.parse(definition) as { Comment: string }).Comment,
      definitionBody: DefinitionBody.fromString(definition),
      definitionSubstitutions: Object.fromEntries(called.map(([functionName, fn]) => [functionName, fn.functionArn])),
      tracingEnabled: true,
      // Inputs hold task tokens, which are the right to answer for a connector: they are in the history, not in the log.
      logs: { destination, level: LogLevel.ALL, includeExecutionData: false },
    });
    this.stateMachine.addToRolePolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: called.map(([, fn]) => fn.functionArn) }),
    );
    Tags.of(this).add('rehost:workflow', name);
  }
}
