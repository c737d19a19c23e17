import { createHash } from 'node:crypto';
import type { StateMachineDefinition } from './language/definition.ts';
import type { EngineStore } from './store.ts';

/** Definitions that executions run, parsed once each, by the digest of their text. */
export class Definitions {
  readonly #store: EngineStore;
  readonly #parsed = new Map<string, StateMachineDefinition>();
  readonly #digests = new Map<string, string>();

  constructor(store: EngineStore) {
    this.#store = store;
  }

  /** Keeps a definition, whatever becomes of its state machine; answers its digest. */
  put(text: string): string {
    const known = this.#digests.get(text);
    if (known) return known;
    const digest = createHash('sha256').update(text).digest('hex');
    this.#store.putDefinition(digest, text);
    this.#digests.set(text, digest);
    return digest;
  }

  get(digest: string): StateMachineDefinition {
    const known = this.#parsed.get(digest);
    if (known) return known;
    const definition = JSON.parse(this.#store.definition(digest)) as StateMachineDefinition;
    this.#parsed.set(digest, definition);
    return definition;
  }
}
