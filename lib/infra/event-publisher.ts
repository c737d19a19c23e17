import { Duration } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetters } from './dead-letters.ts';
import { BundledFunction, type BundledFunctionProps } from './function.ts';

/** Construct id of the dead letters, and the end of their name. */
export const UNPUBLISHED = 'UnpublishedEvents';
/** The stream has a record for a day, and what it drops by itself nobody is told of. */
const MAX_AGE = Duration.hours(22);

export interface EventPublisherProps extends Pick<BundledFunctionProps, 'settings' | 'surroundings' | 'environment'> {
  readonly table: TableV2;
}

/**
 * Carries every event item that is inserted into the table onto the bus: at least once, in the order of its entity (one entity's items are in one shard).
 * Where a record cannot be delivered for most of a day, a queue is told which it was, and the replayer brings it.
 */
export class EventPublisher extends Construct {
  readonly deadLetters: Queue;
  readonly function: BundledFunction;
  /** Publishes again what the dead letters tell of, when a person invokes it. */
  readonly replayer: BundledFunction;

  constructor(scope: Construct, id: string, { table, ...props }: EventPublisherProps) {
    super(scope, id);
    this.deadLetters = deadLetters(this, UNPUBLISHED, props.settings);
    this.function = new BundledFunction(this, 'PublishEvents', {
      ...props,
      description: 'Carries the events of the table’s stream onto the bus, and counts them.',
      timeout: Duration.minutes(1),
    });
    const inserted = FilterRule.isEqual('INSERT');
    const events = { Keys: { sk: { S: FilterRule.beginsWith('event#') } } };
    this.function.function.addEventSource(
      new DynamoEventSource(table, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        bisectBatchOnError: true,
        retryAttempts: 10_000,
        maxRecordAge: MAX_AGE,
        onFailure: new SqsDlq(this.deadLetters),
        filters: [FilterCriteria.filter({ eventName: inserted, dynamodb: events })],
      }),
    );
    this.replayer = this.#replayer(props);
  }

  #replayer({ environment, ...props }: Omit<EventPublisherProps, 'table'>): BundledFunction {
    return new BundledFunction(this, 'ReplayEvents', {
      ...props,
      environment: { ...environment, DEAD_LETTERS: this.deadLetters.queueUrl },
      description: 'Publishes events again: those that dead letters tell of, or of a time. docs/runbook.md.',
      // It reads the whole table.
      timeout: Duration.minutes(15),
      options: { retryAttempts: 0 },
    });
  }
}
