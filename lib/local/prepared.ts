import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The statement of a text. */
export type Sql = (text: string) => StatementSync;

/** Statements are compiled once each. */
export function prepared(database: DatabaseSync): Sql {
  const statements = new Map<string, StatementSync>();
  return (text) => {
    const known = statements.get(text);
    if (known) return known;
    const statement = database.prepare(text);
    statements.set(text, statement);
    return statement;
  };
}
