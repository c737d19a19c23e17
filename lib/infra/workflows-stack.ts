import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ArnFormat, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { BundledFunction } from './function.ts';
import type { ServiceStack } from './service-stack.ts';
import { definitionOf, functionNamesOf, Workflow } from './workflow.ts';

/** The workflows: every `*.asl.json` of the folder. */
export const WORKFLOW_NAMES = readdirSync(join(import.meta.dirname, '..', 'workflows'))
  .filter((file) => file.endsWith('.asl.json'))
  .map((file) => file.replace('.asl.json', ''));

/** Functions that write, read or remove templates, or read scripts. */
const WITH_BUCKET = ['RenderTemplate', 'CreateStack', 'DeleteApp'];
/** Function that stops the executions of the runs it cancels. */
const STOPS_RUNS = 'CancelRuns';
/** Longest that a task's function may take; its state gives it as long. */
const TASK_TIMEOUT = Duration.minutes(5);

export interface WorkflowsStackProps extends StackProps {
  readonly service: ServiceStack;
}

/** The state machines with a function per task, and the rule by which events start them. */
export class WorkflowsStack extends Stack {
  constructor(scope: Construct, id: string, { service, ...props }: WorkflowsStackProps) {
    super(scope, id, props);
    const functions = new Map<string, IFunction>();
    for (const workflow of WORKFLOW_NAMES) {
      for (const name of functionNamesOf(definitionOf(workflow))) {
        if (!functions.has(name)) functions.set(name, this.#task(name, { workflow, service }));
      }
      new Workflow(this, workflow, { functions });
    }
    this.#startByEvents(service);
  }

  /** A task's function with the rights that its work needs. */
  #task(name: string, { workflow, service }: { workflow: string; service: ServiceStack }): IFunction {
    const environment = { TABLE: service.table.tableName, ACCOUNT: this.account };
    const migration = workflow === 'app-migration';
    const task = new BundledFunction(this, name, {
      environment: migration ? { ...environment, API_FUNCTION: service.api.function.functionName } : environment,
      timeout: TASK_TIMEOUT,
    });
    service.table.grantReadWriteData(task.function);
    if (migration) service.api.function.grantInvoke(task.function);
    if (WITH_BUCKET.includes(name)) service.bucket.grantReadWrite(task.function);
    if (name === STOPS_RUNS) {
      task.function.addToRolePolicy(
        new PolicyStatement({
          actions: ['states:StopExecution'],
          resources: [this.#arn('execution', 'replication-run:*')],
        }),
      );
    }
    return task.function;
  }

  /** One function starts what an event asks for; the table of rules is in its code, the same as on one machine. */
  #startByEvents(service: ServiceStack) {
    const start = new BundledFunction(this, 'StartWorkflow', {
      environment: { TABLE: service.table.tableName, ACCOUNT: this.account },
    });
    const stateMachines = WORKFLOW_NAMES.map((name) => this.#arn('stateMachine', name));
    start.function.addToRolePolicy(
      new PolicyStatement({ actions: ['states:StartExecution'], resources: stateMachines }),
    );
    const deadLetterQueue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const target = () =>
      new FunctionTarget(start.function, { deadLetterQueue, retryAttempts: 185, maxEventAge: Duration.days(1) });
    new Rule(this, 'StateChanges', {
      eventBus: service.bus,
      eventPattern: { source: ['rehost'] },
      targets: [target()],
    });
    new Rule(this, 'MigrationRequested', {
      eventBus: service.bus,
      eventPattern: { detailType: ['Migration Requested'] },
      targets: [target()],
    });
  }

  #arn(resource: string, resourceName: string): string {
    return this.formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }
}
