import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Entities, Kind } from '../domain/entities.ts';
import type { DomainEvent } from '../domain/events.ts';
import { DAY } from '../domain/time.ts';
import type { Change, Sums } from '../domain/transition.ts';
import { INDEXES, type Removal } from '../store.ts';
import { inTrace } from './trace.ts';

/** Attribute by which DynamoDB removes items of itself; seconds since the epoch. */
const TIME_TO_LIVE = 'expiresAt';
/** Days that an event stays in the table, to be looked at, and to be published again where the stream, which has it for one, gave it up. */
const EVENT_DAYS = 30;
/** Between the parts of a position in an index; no id and no sort key holds it. */
const SEPARATOR = '\u0000';
/** How the sort keys of events begin. */
export const EVENT_PREFIX = 'event#';
/** Before the names of numbers that are added to, which stand beside the document. */
const SUM = 'sum_';

type Item = Record<string, AttributeValue>;

export const keyOf = (kind: Kind, id: string) => ({ pk: `${kind}#${id}`, sk: 'entity' });

export const gsiOf = (kind: Kind, index: string) => `gsi${Object.keys(INDEXES[kind]).indexOf(index) + 1}`;

export const partitionOf = (kind: Kind, { index, partition }: { index: string; partition: string }) =>
  `${kind}#${index}#${partition}`;

/** The keys of the row of an index that stands at the position. */
export function placeOf(kind: Kind, place: { index: string; partition: string }, position: string) {
  const gsi = gsiOf(kind, place.index);
  const id = position.slice(position.indexOf(SEPARATOR) + 1);
  return { ...keyOf(kind, id), [`${gsi}pk`]: partitionOf(kind, place), [`${gsi}sk`]: position };
}

/** The entity that stands in an item. */
export function entityOf<K extends Kind>(item: Item): Entities[K] {
  const { data, version, ...rest } = unmarshall(item) as { data: string; version: number };
  const sums = Object.entries(rest).filter(([name]) => name.startsWith(SUM));
  return {
    ...(JSON.parse(data) as Entities[K]),
    ...Object.fromEntries(sums.map(([name, sum]) => [name.slice(SUM.length), sum])),
    version,
  };
}

/** What a change writes: its entity, and each of its events, which are a part of that trace unless the change has its own. */
export const writesOf = (TableName: string, change: Change, trace?: string): TransactWriteItem[] => [
  change.sums ? addition(TableName, change.sums, change) : replacement(TableName, change),
  ...change.events.map((event) => ({
    Put: {
      TableName,
      Item: eventItem(keyOf(change.kind, change.entity.id).pk, inTrace(event, change.trace ?? trace)),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  })),
];

export const removalOf = (TableName: string, { kind, entity }: Removal): TransactWriteItem => ({
  Delete: { TableName, Key: marshall(keyOf(kind, entity.id)), ...atVersion(entity.version) },
});

function replacement(TableName: string, { kind, entity }: Change): TransactWriteItem {
  const { version, ...members } = entity;
  const { expiresAt } = entity as { expiresAt?: number };
  const item = {
    ...keyOf(kind, entity.id),
    version: version + 1,
    data: JSON.stringify(members),
    ...placesOf(kind, entity),
    ...(expiresAt === undefined ? {} : { [TIME_TO_LIVE]: Math.ceil(expiresAt / 1_000) }),
  };
  const condition = version === 0 ? { ConditionExpression: 'attribute_not_exists(pk)' } : atVersion(version);
  return { Put: { TableName, Item: marshall(item), ...condition } };
}

/** Adds to the entity's numbers, whatever they are; the first addition makes the entity. */
function addition(TableName: string, { add, atMost = {} }: Sums, { kind, entity }: Change): TransactWriteItem {
  const names = Object.keys(add);
  const bounded = names.filter((name) => add[name]! > 0 && atMost[name] !== undefined);
  const room = bounded.map((name) => `(attribute_not_exists(#${name}) OR #${name} <= :${name}Room)`);
  const values = {
    ':data': JSON.stringify({ ...entity, version: undefined }),
    ':one': 1,
    ...Object.fromEntries(names.map((name) => [`:${name}`, add[name]])),
    ...Object.fromEntries(bounded.map((name) => [`:${name}Room`, atMost[name]! - add[name]!])),
  };
  const sums = names.map((name) => `#${name} :${name}`).join(', ');
  return {
    Update: {
      TableName,
      Key: marshall(keyOf(kind, entity.id)),
      UpdateExpression: `SET #data = if_not_exists(#data, :data) ADD #version :one${sums ? `, ${sums}` : ''}`,
      ...(room.length > 0 ? { ConditionExpression: room.join(' AND ') } : {}),
      ExpressionAttributeNames: {
        '#data': 'data',
        '#version': 'version',
        ...Object.fromEntries(names.map((name) => [`#${name}`, `${SUM}${name}`])),
      },
      ExpressionAttributeValues: marshall(values),
    },
  };
}

function eventItem(pk: string, event: DomainEvent): Item {
  const ttl = Math.ceil((event.at + EVENT_DAYS * DAY) / 1_000);
  const item = { pk, sk: `${EVENT_PREFIX}${event.id}`, event: event as object, [TIME_TO_LIVE]: ttl };
  return marshall(item, { removeUndefinedValues: true });
}

const atVersion = (version: number) => ({
  ConditionExpression: '#version = :version',
  ExpressionAttributeNames: { '#version': 'version' },
  ExpressionAttributeValues: marshall({ ':version': version }),
});

/** The keys of the entity in the indexes of its kind. */
function placesOf(kind: Kind, entity: Change['entity']): Record<string, string> {
  const places = Object.entries(INDEXES[kind]).map(([index, rowOf]) => {
    const row = (rowOf as (entity: Change['entity']) => { partition: string; sort: string } | undefined)(entity);
    if (!row) return {};
    const gsi = gsiOf(kind, index);
    const place = partitionOf(kind, { index, partition: row.partition });
    return { [`${gsi}pk`]: place, [`${gsi}sk`]: `${row.sort}${SEPARATOR}${entity.id}` };
  });
  return Object.assign({}, ...places) as Record<string, string>;
}
