import type { Entities, Kind } from './entities.ts';
import { type DomainEvent, smsEvent, stateChange } from './events.ts';
import { MACHINES, type MachineName, type StateOf } from './states.ts';

/** Thrown when a transition is not in its table: a fault of ours, or of a caller that went past the guards. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition';
  constructor(machine: MachineName, id: string, transition: { from: string; to: string }) {
    super(`${machine.toLowerCase()} of ${id} cannot go from ${transition.from} to ${transition.to}`);
  }
}

/** An entity as it is to be written, with the events that go into the same transaction. */
export interface Change<K extends Kind = Kind> {
  readonly kind: K;
  readonly entity: Entities[K];
  readonly events: readonly DomainEvent[];
  /** Given, the entity is not replaced: these numbers are added to its own. */
  readonly sums?: Sums;
  /** Given, its events are a part of this and not of the call that writes them: X-Ray's header. */
  readonly trace?: string;
}

/** Numbers of an entity that many writers add to without reading them first, so that none overtakes another. */
export interface Sums {
  readonly add: Readonly<Record<string, number>>;
  /** Sums that may not be exceeded; where one would be, the transaction is a conflict. */
  readonly atMost?: Readonly<Record<string, number>>;
}

/** Which kind has which state machines, and in which member the state of each stands. */
const STATE_MEMBER = {
  'Replication Job': 'state',
  'Replication Run': 'state',
  App: 'status',
  'App Replication': 'replicationStatus',
  'App Launch': 'launchStatus',
  'Server Catalog': 'status',
  'App Catalog': 'appCatalogStatus',
  Validation: 'status',
  Connector: 'status',
  Transfer: 'state',
  Image: 'state',
  Migration: 'state',
} as const satisfies Partial<Record<MachineName, string>>;

interface MachinesOf {
  ReplicationJob: 'Replication Job';
  ReplicationRun: 'Replication Run';
  App: 'App' | 'App Replication' | 'App Launch';
  ServerCatalog: 'Server Catalog' | 'App Catalog';
  Validation: 'Validation';
  Connector: 'Connector';
  Transfer: 'Transfer';
  Image: 'Image';
  Migration: 'Migration';
}

export interface Why {
  readonly at: number;
  readonly reason?: string;
  /** Further members of the event's detail. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** A write without a transition. */
export const unchanged = <K extends Kind>(kind: K, entity: Entities[K]): Change<K> => ({ kind, entity, events: [] });

/** The change as a part of the work that somebody outside does, not of the call by which they tell of it. */
export const onBehalfOf = <K extends Kind>({ trace }: { readonly trace?: string }, change: Change<K>): Change<K> =>
  trace === undefined ? change : { ...change, trace };

/** A new entity in its first states, each announced. */
export function created<K extends keyof MachinesOf>(
  kind: K,
  entity: Entities[K],
  why: Why & { machines: readonly MachinesOf[K][] },
): Change<K> {
  return why.machines.reduce<Change<K>>(
    (change, machine) => record(change, { machine, from: null, to: stateIn(change.entity, machine), ...why }),
    unchanged(kind, entity),
  );
}

/** Moves one state machine of the entity on. `set` are further members that change with it. Throws IllegalTransition. */
export function advance<K extends keyof MachinesOf, M extends MachinesOf[K]>(
  change: Change<K>,
  [machine, to]: readonly [M, StateOf<M>],
  { set, ...why }: Why & { set?: Partial<Entities[K]> },
): Change<K> {
  const from = stateIn(change.entity, machine);
  const table: Readonly<Record<string, readonly string[]>> = MACHINES[machine];
  if (!table[from]?.includes(to)) throw new IllegalTransition(machine, change.entity.id, { from, to });
  const entity = { ...change.entity, ...set, [STATE_MEMBER[machine]]: to };
  return record({ ...change, entity }, { machine, from, to, ...why });
}

function record<K extends Kind>(
  change: Change<K>,
  transition: { machine: MachineName; from: string | null; to: string } & Why,
): Change<K> {
  const entity = { ...change.entity, sequence: change.entity.sequence + 1 };
  const events = [stateChange(change.kind, entity, transition), ...smsEvent(change.kind, entity, transition)];
  return { ...change, entity, events: [...change.events, ...events] };
}

const stateIn = (entity: object, machine: keyof typeof STATE_MEMBER) =>
  (entity as Record<string, string>)[STATE_MEMBER[machine]]!;
