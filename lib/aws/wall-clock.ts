import { machineClock } from '../machine-clock.ts';

/** The time of the machine; it waits between two attempts at a block. */
export const WALL_CLOCK = machineClock({ keepsAlive: true });
