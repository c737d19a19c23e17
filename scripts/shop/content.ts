import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Bytes that look like anything but zeros and are the same every time: the key stream of AES for that name. */
export function noise(name: string, length: number): Buffer {
  const key = createHash('sha256').update(name).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** A UUID that is the same whenever the name is. */
export function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

const PRODUCTS = ['teapot', 'kettle', 'cup', 'saucer', 'strainer', 'caddy', 'spoon', 'tray'];
const ORDERS = 50_000;

/** The shop's database: a SQLite file with products and orders. */
export function shopDatabase(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'rehost-shop-'));
  try {
    const path = join(folder, 'shop.db');
    const database = new DatabaseSync(path);
    database.exec(`
      PRAGMA journal_mode = OFF;
      CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL);
      CREATE TABLE orders (id INTEGER PRIMARY KEY, product INTEGER NOT NULL, pieces INTEGER NOT NULL, customer TEXT NOT NULL);
      BEGIN;`);
    const product = database.prepare('INSERT INTO product VALUES (?, ?, ?)');
    for (const [position, name] of PRODUCTS.entries()) product.run(position + 1, name, 250 + 175 * position);
    const order = database.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)');
    const chance = noise('orders', 4 * ORDERS);
    for (let id = 1; id <= ORDERS; id++) {
      const [which, pieces] = [chance[4 * id - 4]!, chance[4 * id - 3]!];
      order.run(
        id,
        1 + (which % PRODUCTS.length),
        1 + (pieces % 6),
        `customer-${chance.readUInt16LE(4 * id - 2)}@shop.example`,
      );
    }
    database.exec('COMMIT');
    database.close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
