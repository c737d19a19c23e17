import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { ExecutionRow, HistoryEvent, Thread } from '../engine/execution.ts';
import type { EngineStore, StateMachineRow, TurnRows } from '../engine/store.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state_machine (arn TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS definition (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS execution (
    arn TEXT PRIMARY KEY, machine TEXT NOT NULL, status TEXT NOT NULL, started INTEGER NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS execution_of ON execution (machine, started);
  CREATE INDEX IF NOT EXISTS execution_running ON execution (status) WHERE status = 'RUNNING';
  CREATE TABLE IF NOT EXISTS thread (execution TEXT, id TEXT, row TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history (execution TEXT, id INTEGER, row TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
`;

/** The engine's rows in one SQLite file of their own (WAL, every commit on disk). `file` may be `:memory:`. */
export function openEngineStore(file: string): EngineStore & { close(): void } {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
  database.exec(SCHEMA);
  const statements = new Map<string, StatementSync>();
  const sql = (text: string) => {
    const statement = statements.get(text) ?? database.prepare(text);
    statements.set(text, statement);
    return statement;
  };
  const rows = <T>(text: string, ...values: SQLInputValue[]) =>
    sql(text)
      .all(...values)
      .map(({ row }) => JSON.parse(row as string) as T);

  const write = ({ execution, events, threads, endedThreads }: TurnRows) => {
    const { executionArn, stateMachineArn, status, startedAt } = execution;
    sql(
      `INSERT INTO execution VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (arn) DO UPDATE SET status = excluded.status, row = excluded.row`,
    ).run(executionArn, stateMachineArn, status, startedAt, JSON.stringify(execution));
    for (const event of events)
      sql('INSERT INTO history VALUES (?, ?, ?)').run(executionArn, event.id, JSON.stringify(event));
    for (const thread of threads)
      sql('INSERT OR REPLACE INTO thread VALUES (?, ?, ?)').run(executionArn, thread.id, JSON.stringify(thread));
    for (const id of endedThreads) sql('DELETE FROM thread WHERE execution = ? AND id = ?').run(executionArn, id);
  };

  return {
    commit(turns) {
      database.exec('BEGIN IMMEDIATE');
      try {
        turns.forEach(write);
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    putStateMachine: (row) =>
      void sql('INSERT OR REPLACE INTO state_machine VALUES (?, ?)').run(row.stateMachineArn, JSON.stringify(row)),
    stateMachine: (arn) => rows<StateMachineRow>('SELECT row FROM state_machine WHERE arn = ?', arn)[0],
    stateMachines: () => rows<StateMachineRow>('SELECT row FROM state_machine ORDER BY arn'),
    definition: (digest) => sql('SELECT text FROM definition WHERE digest = ?').get(digest)!.text as string,
    putDefinition: (digest, text) => void sql('INSERT OR IGNORE INTO definition VALUES (?, ?)').run(digest, text),
    execution: (arn) => rows<ExecutionRow>('SELECT row FROM execution WHERE arn = ?', arn)[0],
    executions: ({ stateMachineArn, status, offset, limit }) =>
      rows<ExecutionRow>(
        `SELECT row FROM execution WHERE machine = ? ${status ? 'AND status = ?' : ''} ORDER BY started DESC, arn DESC LIMIT ? OFFSET ?`,
        ...[stateMachineArn, ...(status ? [status] : []), limit, offset],
      ),
    *running() {
      for (const execution of rows<ExecutionRow>("SELECT row FROM execution WHERE status = 'RUNNING'")) {
        yield {
          execution,
          threads: rows<Thread>('SELECT row FROM thread WHERE execution = ?', execution.executionArn),
        };
      }
    },
    events: ({ executionArn, after, limit, reverse }) =>
      rows<HistoryEvent>(
        `SELECT row FROM history WHERE execution = ? AND id ${reverse ? '<' : '>'} ? ORDER BY id ${reverse ? 'DESC' : 'ASC'} LIMIT ?`,
        ...[executionArn, after, limit],
      ),
    close: () => database.close(),
  };
}
