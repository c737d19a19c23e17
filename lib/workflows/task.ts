import type { Services } from '../ports.ts';

/** What one state of a workflow does. It may run twice: it writes on condition of what it read. */
export type Task<Input, Output> = (input: Input, services: Services) => Promise<Output>;
