import { Duration } from 'aws-cdk-lib';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Schedule, ScheduleExpression, ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MIGRATION_REQUESTED, RULES } from '../workflows/rules.ts';
import { deadLetters } from './dead-letters.ts';
import { definitionOf, descriptionOf, functionNamesOf, WORKFLOW_NAMES } from './definition.ts';
import { BundledFunction } from './function.ts';
import type { Service } from './service.ts';
import { Workflow } from './workflow.ts';

/** Longest that a task's function may take; its state gives it as long. */
const TASK_TIMEOUT = Duration.minutes(5);
/** How often the service is looked at. */
const MEASURED_EVERY = Duration.minutes(5);

export interface WorkflowsProps {
  readonly service: Service;
}

/** The state machines with a function per task, the rules by which events start them, and the schedule of the measurements. */
export class Workflows extends Construct {
  readonly functions = new Map<string, BundledFunction>();
  readonly stateMachines = new Map<string, Workflow>();
  readonly starter: BundledFunction;
  /** Events that started nothing after all attempts. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { service }: WorkflowsProps) {
    super(scope, id);
    const { settings } = service;
    this.deadLetters = deadLetters(this, 'UnstartedWorkflows', settings);
    for (const workflow of WORKFLOW_NAMES) {
      for (const name of functionNamesOf(definitionOf(workflow)))
        if (!this.functions.has(name)) this.functions.set(name, this.#task(name, { workflow, service }));
      const functions = new Map<string, IFunction>([...this.functions].map(([name, task]) => [name, task.function]));
      this.stateMachines.set(workflow, new Workflow(this, workflow, { settings, functions }));
    }
    this.starter = this.#starter(service);
    this.#startByEvents(service);
    this.#measure(service);
  }

  /** A task's function, with what its work needs to know. */
  #task(name: string, { workflow, service }: { workflow: string; service: Service }): BundledFunction {
    return new BundledFunction(this, name, {
      settings: service.settings,
      surroundings: service.surroundings,
      description: `${workflow}: ${descriptionOf(definitionOf(workflow), name)}`.slice(0, 256),
      timeout: TASK_TIMEOUT,
      environment: { ...service.environment, ...environmentOf(name, { workflow, service }) },
    });
  }

  /** One function starts what an event asks for; the table of rules is in its code, the same as on one machine. */
  #starter({ settings, surroundings, environment }: Service): BundledFunction {
    const starter = new BundledFunction(this, 'StartWorkflow', {
      settings,
      surroundings,
      environment,
      description: 'Starts the workflow that an event asks for.',
      // Lambda takes an event first and runs it then: what fails all attempts goes here, and not to the rule's queue.
      options: { deadLetterQueue: this.deadLetters, maxEventAge: Duration.hours(6), retryAttempts: 2 },
    });
    // Disabled: enabled by a person, it starts all over what could not be started. docs/runbook.md
    starter.function.addEventSource(new SqsEventSource(this.deadLetters, { batchSize: 1, enabled: false }));
    return starter;
  }

  #startByEvents({ bus }: Service) {
    const on = (id: string, description: string, eventPattern: EventPattern) =>
      new Rule(this, id, {
        eventBus: bus,
        description,
        eventPattern,
        targets: [
          new FunctionTarget(this.starter.function, {
            deadLetterQueue: this.deadLetters,
            retryAttempts: 185,
            maxEventAge: Duration.days(1),
          }),
        ],
      });
    for (const [detailType, { when }] of Object.entries(RULES)) {
      const what = `${detailType.replaceAll(' ', '')}s`;
      const eventPattern = { source: ['rehost'], detailType: [detailType], detail: when };
      on(what, `A ${detailType} starts what follows it`, eventPattern);
    }
    on('MigrationRequested', 'Whoever may put events may ask for a migration', { detailType: [MIGRATION_REQUESTED] });
  }

  #measure({ settings, surroundings, environment }: Service) {
    const measure = new BundledFunction(this, 'MeasureService', {
      settings,
      surroundings,
      environment,
      description: 'Counts migrations by state, tells the age of the oldest run, marks connectors that are silent.',
      options: { retryAttempts: 0, deadLetterQueueEnabled: false },
    });
    const scheduleGroup = new ScheduleGroup(this, 'Schedules', { scheduleGroupName: settings.name });
    const target = new LambdaInvoke(measure.function, { retryAttempts: 0, maxEventAge: MEASURED_EVERY });
    new Schedule(this, 'MeasureServiceSchedule', {
      scheduleGroup,
      target,
      description: 'Looks at the service for the dashboard and the alarms',
      schedule: ScheduleExpression.rate(MEASURED_EVERY),
    });
  }
}

/** What some tasks need beside the table. */
function environmentOf(name: string, { workflow, service }: { workflow: string; service: Service }) {
  const { api, url, tokenSecret, launchRole } = service;
  return {
    ...(workflow === 'app-migration' ? { API_FUNCTION: api.function.functionName } : {}),
    ...(name === 'RenderTemplate' ? { TOKEN_SECRET: tokenSecret.secretArn, ENDPOINT: url ?? '' } : {}),
    ...(name === 'CreateStack' ? { LAUNCH_ROLE: launchRole.role.roleName } : {}),
  };
}
