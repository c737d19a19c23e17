import { DatabaseSync } from 'node:sqlite';

/** Rows of JSON by key in a table of a SQLite file of its own; each write is on disk when it returns. */
export function openRows<T>(file: string, table: string) {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;');
  database.exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID`);
  const get = database.prepare(`SELECT row FROM ${table} WHERE key = ?`);
  const all = database.prepare(`SELECT row FROM ${table} ORDER BY key`);
  const put = database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`);
  const remove = database.prepare(`DELETE FROM ${table} WHERE key = ?`);
  const parse = ({ row }: Record<string, unknown>) => JSON.parse(row as string) as T;
  return {
    get(key: string): T | undefined {
      const row = get.get(key);
      return row && parse(row);
    },
    all: (): T[] => all.all().map(parse),
    put: (key: string, row: T) => void put.run(key, JSON.stringify(row)),
    remove: (key: string) => void remove.run(key),
    close: () => database.close(),
  };
}

export type Rows<T> = ReturnType<typeof openRows<T>>;
