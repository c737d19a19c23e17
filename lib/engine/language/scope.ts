import type { Json } from '../../json.ts';

/** What a state's expressions can see. */
export interface Scope {
  /** `$`, and `$states.input`. */
  readonly input: Json;
  /** `$$`, and `$states.context`. */
  readonly context: Json;
  readonly variables: Readonly<Record<string, Json>>;
  /** `$states.result`: only where a task, branches or iterations have answered. */
  readonly result?: Json;
  /** `$states.errorOutput`: only within a catcher. */
  readonly errorOutput?: Json;
  /** Milliseconds that one expression of JSONata may run. @default 2000 */
  readonly timeLimit?: number;
  now(): number;
  random(): number;
  uuid(): string;
}
