import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { ExecutionRow, Item, Thread } from '../engine/execution.ts';
import type { EngineStore, ExecutionQuery, Records, RunningExecution, TurnRows } from '../engine/store.ts';
import { chainFrom, listedEvents, packEvents } from './engine-history.ts';
import { prepared, type Sql } from './prepared.ts';

/**
 * What a turn changes lies close together, so that a commit writes few pages: `turn` holds, for each execution that has not succeeded, all that changes
 * from turn to turn with its root thread; `execution` is written when one begins and when it ends; `history` grows at its end, a row for each turn of an
 * execution, which names the row of the turn before.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS record (kind TEXT, arn TEXT, row TEXT NOT NULL, PRIMARY KEY (kind, arn)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS map_run_of_execution ON record (row ->> 'executionArn') WHERE kind = 'mapRun';
  CREATE TABLE IF NOT EXISTS definition (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS execution (
    number INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, mapRun TEXT, status TEXT NOT NULL,
    started INTEGER NOT NULL, stopped INTEGER, fixed TEXT NOT NULL, ended TEXT, history INTEGER);
  CREATE INDEX IF NOT EXISTS execution_of_machine ON execution (machine, started) WHERE mapRun IS NULL;
  CREATE INDEX IF NOT EXISTS execution_of_map_run ON execution (mapRun, started) WHERE mapRun IS NOT NULL;
  CREATE INDEX IF NOT EXISTS execution_running ON execution (number) WHERE status = 'RUNNING';
  CREATE INDEX IF NOT EXISTS execution_stopped ON execution (stopped) WHERE stopped IS NOT NULL;
  CREATE TABLE IF NOT EXISTS turn (execution INTEGER PRIMARY KEY, history INTEGER, row TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS thread (execution INTEGER, id INTEGER, row TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS item (
    execution INTEGER, thread INTEGER, number INTEGER, row TEXT NOT NULL, PRIMARY KEY (execution, thread, number)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history (number INTEGER PRIMARY KEY, previous INTEGER, events TEXT NOT NULL);
`;

/** Executions that are pruned in one go, so that a long list of them does not hold up the turns. */
const PRUNED_AT_ONCE = 500;
/** Pages after which the log is copied into the file: rarely enough that pages which change with each turn are copied once for many. */
const CHECKPOINT_PAGES = 8_000;

/** The engine's rows in one SQLite file of their own. `FULL` survives a loss of power, `NORMAL` only the end of the process. */
export function openEngineStore(
  file: string,
  { synchronous = 'FULL' }: { synchronous?: 'FULL' | 'NORMAL' } = {},
): EngineStore {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA busy_timeout = 5000;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -65536;`);
  database.exec(SCHEMA);
  const sql = prepared(database);
  const kept: Kept = new WeakMap();
  const inTransaction = transactions(database);
  return {
    commit: (turns) =>
      inTransaction(() => {
        for (const turn of turns) write(sql, turn, kept);
      }),
    ...records(sql),
    ...executions(sql, kept),
    prune: (endedBefore) => inTransaction(() => prune(sql, endedBefore)),
    close: () => database.close(),
  };
}

/** What is known of an execution in memory: its number, the status that it was last written with, and its last row of history. */
interface Known {
  number: number;
  status: string;
  history: number | null;
}
type Kept = WeakMap<ExecutionRow, Known>;

type Transaction = <T>(run: () => T) => T;

function transactions(database: DatabaseSync): Transaction {
  const [begin, commit] = ['BEGIN IMMEDIATE', 'COMMIT'].map((text) => database.prepare(text));
  return (run) => {
    begin!.run();
    try {
      const result = run();
      commit!.run();
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
}

const rowsAs = <T>(statement: StatementSync, ...values: SQLInputValue[]): T[] =>
  statement.all(...values).map(({ row }) => JSON.parse(row as string) as T);

/** An execution in two parts: what never changes, and what may change with each turn. */
function parted(row: ExecutionRow): { fixed: object; state: object } {
  const { status, stoppedAt, output, error, cause, events, threads, redrives, redrivenAt, deadline, ...fixed } = row;
  const state = { status, stoppedAt, output, error, cause, events, threads, redrives, redrivenAt, deadline };
  return { fixed, state };
}

function write(sql: Sql, turn: TurnRows, kept: Kept) {
  const { execution, root, events } = turn;
  const known = kept.get(execution) ?? numbered(sql, execution);
  kept.set(execution, known);
  if (events.length > 0) {
    const { lastInsertRowid } = sql('INSERT INTO history (previous, events) VALUES (?, ?)').run(
      known.history,
      packEvents(events),
    );
    known.history = Number(lastInsertRowid);
  }
  const { fixed, state } = parted(execution);
  if (known.status !== execution.status) writeExecution(sql, { row: execution, fixed, state }, known);
  if (execution.status === 'SUCCEEDED') sql('DELETE FROM turn WHERE execution = ?').run(known.number);
  else
    sql('INSERT OR REPLACE INTO turn VALUES (?, ?, ?)').run(
      known.number,
      known.history,
      JSON.stringify({ state, root }),
    );
  writeParts(sql, turn, known.number);
}

/** Written when an execution begins, and when it ends. */
function writeExecution(
  sql: Sql,
  { row, fixed, state }: { row: ExecutionRow; fixed: object; state: object },
  known: Known,
) {
  const { executionArn: arn, stateMachineArn, mapRunArn = null, status, startedAt, stoppedAt = null } = row;
  const ended = stoppedAt === null ? null : JSON.stringify(state);
  known.status = status;
  if (known.number >= 0) {
    const update = sql('UPDATE execution SET status = ?, stopped = ?, ended = ?, history = ? WHERE number = ?');
    update.run(status, stoppedAt, ended, known.history, known.number);
    return;
  }
  const insert = sql(
    `INSERT INTO execution (arn, machine, mapRun, status, started, stopped, fixed, ended, history)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const values = [arn, stateMachineArn, mapRunArn, status, startedAt, stoppedAt, JSON.stringify(fixed), ended];
  known.number = Number(insert.run(...values, known.history).lastInsertRowid);
}

/** A new execution, or one that was read by itself to be redriven: what its row says of it holds no more, though it may end again as it did. */
function numbered(sql: Sql, { executionArn, redrives }: ExecutionRow): Known {
  const found = redrives > 0 && sql('SELECT number, history FROM execution WHERE arn = ?').get(executionArn);
  return { status: '', ...((found || { number: -1, history: null }) as Omit<Known, 'status'>) };
}

function writeParts(sql: Sql, { threads, endedThreads, items, itemsGone, mapRuns }: TurnRows, number: number) {
  for (const thread of threads)
    sql('INSERT OR REPLACE INTO thread VALUES (?, ?, ?)').run(number, Number(thread.id), JSON.stringify(thread));
  for (const id of endedThreads) sql('DELETE FROM thread WHERE execution = ? AND id = ?').run(number, Number(id));
  for (const thread of itemsGone)
    sql('DELETE FROM item WHERE execution = ? AND thread = ?').run(number, Number(thread));
  const putItem = 'INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)';
  for (const item of items) sql(putItem).run(number, Number(item.thread), item.index, JSON.stringify(item));
  for (const run of mapRuns) sql(PUT_RECORD).run('mapRun', run.mapRunArn, JSON.stringify(run));
}

/** In the words of the index. */
const OF_EXECUTION = `kind = 'mapRun' AND row ->> 'executionArn' = ?`;
const PUT_RECORD = 'INSERT OR REPLACE INTO record VALUES (?, ?, ?)';

function records(
  sql: Sql,
): Pick<EngineStore, 'put' | 'get' | 'remove' | 'list' | 'mapRunsOf' | 'definition' | 'putDefinition'> {
  return {
    put: (kind, arn, row) => void sql(PUT_RECORD).run(kind, arn, JSON.stringify(row)),
    get: <K extends keyof Records>(kind: K, arn: string) =>
      rowsAs<Records[K]>(sql('SELECT row FROM record WHERE kind = ? AND arn = ?'), kind, arn)[0],
    remove: (kind, arn) => void sql('DELETE FROM record WHERE kind = ? AND arn = ?').run(kind, arn),
    list: <K extends keyof Records>(kind: K, prefix = '') =>
      rowsAs<Records[K]>(
        sql('SELECT row FROM record WHERE kind = ? AND arn >= ? AND arn < ? ORDER BY arn'),
        ...[kind, prefix, `${prefix}\u{10ffff}`],
      ),
    mapRunsOf: (executionArn) =>
      rowsAs<Records['mapRun']>(sql(`SELECT row FROM record WHERE ${OF_EXECUTION}`), executionArn),
    definition: (digest) => sql('SELECT text FROM definition WHERE digest = ?').get(digest)!.text as string,
    putDefinition: (digest, text) => void sql('INSERT OR IGNORE INTO definition VALUES (?, ?)').run(digest, text),
  };
}

const COLUMNS = `execution.number, fixed, ended, CASE WHEN ended IS NULL THEN turn.row END AS turn
  FROM execution LEFT JOIN turn ON turn.execution = execution.number`;

interface Turn {
  readonly state: Partial<ExecutionRow>;
  readonly root: Thread;
}

/** The row of an execution from its parts. */
function joined({ fixed, ended, turn }: Record<string, unknown>): ExecutionRow {
  const state = ended === null ? (JSON.parse(turn as string) as Turn).state : (JSON.parse(ended as string) as object);
  return { ...(JSON.parse(fixed as string) as ExecutionRow), ...state };
}

function executions(
  sql: Sql,
  kept: Kept,
): Pick<EngineStore, 'execution' | 'executions' | 'root' | 'running' | 'events'> {
  const numberOf = (arn: string) =>
    (sql('SELECT number FROM execution WHERE arn = ?').get(arn)?.number ?? -1) as number;
  return {
    execution: (arn) => {
      const found = sql(`SELECT ${COLUMNS} WHERE arn = ?`).get(arn);
      return found && joined(found);
    },
    executions: (query) => listed(sql, query),
    root: (arn) => {
      const found = sql('SELECT row FROM turn WHERE execution = ?').get(numberOf(arn));
      return found && (JSON.parse(found.row as string) as Turn).root;
    },
    running: () => running(sql, kept),
    events: (query) => listedEvents(sql, query),
  };
}

/** All that runs, in one pass over each table. */
function* running(sql: Sql, kept: Kept): Generator<RunningExecution> {
  const [threads, items] = ['thread', 'item'].map((table) => {
    const found = sql(`SELECT execution, row FROM ${table} ORDER BY execution`).all();
    return Map.groupBy(found, ({ execution }) => execution as number);
  });
  const parsed = <T>(rows: Record<string, unknown>[] = []) => rows.map(({ row }) => JSON.parse(row as string) as T);
  const found = sql(
    `SELECT number, fixed, turn.row AS turn, turn.history FROM execution JOIN turn ON turn.execution = number WHERE status = 'RUNNING'`,
  );
  for (const { number, fixed, turn, history } of found.all()) {
    const { state, root } = JSON.parse(turn as string) as Turn;
    const execution = { ...(JSON.parse(fixed as string) as ExecutionRow), ...state };
    kept.set(execution, { number: number as number, status: 'RUNNING', history: history as number | null });
    const others = parsed<Thread>(threads!.get(number as number));
    yield { execution, threads: [root, ...others], items: parsed<Item>(items!.get(number as number)) };
  }
}

function listed(sql: Sql, query: ExecutionQuery): ExecutionRow[] {
  const { stateMachineArn, mapRunArn, status, after, limit } = query;
  const conditions = [mapRunArn === undefined ? 'mapRun IS NULL AND machine = ?' : 'mapRun = ?'];
  const values: SQLInputValue[] = [mapRunArn ?? stateMachineArn ?? ''];
  if (status) {
    conditions.push('status = ?');
    values.push(status);
  }
  for (const member of ['versionArn', 'aliasArn'] as const) {
    if (query[member] === undefined) continue;
    conditions.push(`json_extract(fixed, '$.${member}') = ?`);
    values.push(query[member]);
  }
  if (after) {
    conditions.push('(started, arn) < (?, ?)');
    values.push(after.startedAt, after.executionArn);
  }
  const statement = sql(`SELECT ${COLUMNS} WHERE ${conditions.join(' AND ')} ORDER BY started DESC, arn DESC LIMIT ?`);
  return statement.all(...values, limit).map(joined);
}

function prune(sql: Sql, endedBefore: number): number {
  const ended = sql('SELECT number, arn, history FROM execution WHERE stopped < ? LIMIT ?').all(
    endedBefore,
    PRUNED_AT_ONCE,
  );
  for (const { number, arn, history } of ended) {
    for (const chunk of chainFrom(sql, history as number | null))
      sql('DELETE FROM history WHERE number = ?').run(chunk);
    for (const table of ['turn', 'thread', 'item'])
      sql(`DELETE FROM ${table} WHERE execution = ?`).run(number as number);
    sql(`DELETE FROM record WHERE ${OF_EXECUTION}`).run(arn as string);
    sql('DELETE FROM execution WHERE number = ?').run(number as number);
  }
  return ended.length;
}
