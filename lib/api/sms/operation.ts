import type { Services } from '../../ports.ts';

/** One SMS operation: guards, decides, writes, answers. Its input is checked against its shape before; times are `Date`s. */
export type Operation<Input, Output> = (input: Input, services: Services) => Promise<Output>;
