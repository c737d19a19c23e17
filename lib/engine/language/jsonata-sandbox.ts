/**
 * JSONata in a V8 context of its own, with a microtask queue of its own: every promise of the library has settled when a run returns, so that evaluation
 * is synchronous for us, and V8 ends a run that takes too long, even within one regular expression. Data go in and out as copies: no expression can reach
 * an object of ours.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Context, createContext, Script } from 'node:vm';

/** A node of a parsed expression, as the library describes it. */
export interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly [field: string]: unknown;
}

/** An expression as the library gives it. */
export interface Expression {
  ast(): Node;
  assign(name: string | symbol, value: unknown): void;
  registerFunction(name: string, implementation: (...values: never[]) => unknown, signature: string): void;
}

export interface Settled {
  readonly value?: unknown;
  readonly error?: unknown;
}

interface Inside {
  jsonata(text: string): Expression;
  parse(json: string): unknown;
  /** Evaluates, and puts the outcome into the slot. */
  start(expression: Expression, bindings: unknown, slot: { settled?: Settled }): void;
  /** What the clock and chance of the context are, while an expression runs. */
  setWorld(now: () => number, random: () => number): void;
}

/** Thrown when V8 has ended a run. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

const library = () => readFileSync(createRequire(import.meta.filename).resolve('jsonata'), 'utf8');

/** Members that every object inherits would be found by paths as if they stood in the data. */
const PREPARE = `(() => {
  const module = { exports: {} };
  ((module, exports) => { ${library()}
  })(module, module.exports);
  const SystemDate = Date;
  let now = SystemDate.now;
  globalThis.Date = class Date extends SystemDate {
    constructor(...values) { super(...(values.length > 0 ? values : [now()])); }
    static now() { return now(); }
  };
  for (const name of Object.getOwnPropertyNames(Object.prototype))
    if (name === 'constructor' || name.startsWith('__')) delete Object.prototype[name];
  return {
    jsonata: module.exports,
    parse: JSON.parse,
    start(expression, bindings, slot) {
      expression.evaluate(undefined, bindings).then(
        (value) => { slot.settled = { value }; },
        (error) => { slot.settled = { error }; },
      );
    },
    setWorld(clock, random) { now = clock; Math.random = random; },
  };
})()`;

const RUN = new Script('run()');

export class Sandbox {
  readonly #context: Context;
  readonly #inside: Inside;

  constructor() {
    const options = { microtaskMode: 'afterEvaluate', codeGeneration: { strings: false, wasm: false } } as const;
    this.#context = createContext({}, options);
    this.#inside = new Script(PREPARE).runInContext(this.#context) as Inside;
  }

  /** Throws what the library throws for a text that it cannot parse: an object with code and message. */
  compile(text: string): Expression {
    return this.#inside.jsonata(text);
  }

  /** A value for use within, from JSON text. Throws SyntaxError. */
  parse(json: string): unknown {
    return this.#inside.parse(json);
  }

  /** Evaluates an expression. V8 watches the time where `timeout` is given; that costs a thread each time. */
  run(expression: Expression, bindings: unknown, options: RunOptions): Settled {
    const slot: { settled?: Settled } = {};
    this.#inside.setWorld(options.now, options.random);
    this.#context.run = () => this.#inside.start(expression, bindings, slot);
    try {
      RUN.runInContext(this.#context, options.timeout === undefined ? {} : { timeout: options.timeout });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw new TookTooLong();
    }
    if (!slot.settled) throw new Error('the expression waits for something that never comes');
    return slot.settled;
  }
}

export interface RunOptions {
  now(): number;
  random(): number;
  /** Milliseconds. */
  readonly timeout?: number;
}
