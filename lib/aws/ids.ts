/** What a piece of work is about, by the names that logs and traces have for it. */
export type Ids = Readonly<Partial<Record<'migration' | 'app' | 'job' | 'run' | 'server' | 'event', string>>>;

/** The members that hold such ids: of inputs of state machines, and of the details of events. */
const MEMBERS: Readonly<Record<string, keyof Ids>> = {
  migration: 'migration',
  appId: 'app',
  replicationJobId: 'job',
  replicationRunId: 'run',
  serverId: 'server',
};
/** Whose ids an event is about when its detail says `entity`. */
const ENTITIES: Readonly<Record<string, keyof Ids>> = {
  Migration: 'migration',
  App: 'app',
  ReplicationJob: 'job',
  ReplicationRun: 'run',
  Server: 'server',
};
/** Where they lie within an input. */
const WITHIN = ['state', 'app', 'detail'];

/** The ids in the input of a function. Nothing else of an input is logged: it may hold task tokens and scripts. */
export function idsOf(input: unknown): Ids {
  if (typeof input !== 'object' || input === null) return {};
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(input)) {
    if (WITHIN.includes(name)) Object.assign(found, idsOf(value));
    else if (typeof value === 'string' && MEMBERS[name]) found[MEMBERS[name]] = value;
  }
  const { entityType, entity, id } = input as Record<string, unknown>;
  if (typeof entityType === 'string' && typeof entity === 'string') {
    if (ENTITIES[entityType]) found[ENTITIES[entityType]] = entity;
    if (typeof id === 'string') found.event = id;
  }
  return found;
}
