import { checkConnectors } from '../api/connectors/health.ts';
import type { Services } from '../ports.ts';
import type { LocalBell } from './local-bell.ts';

/** Looks for connectors that have fallen silent, when the first may have; a connector that comes makes it look anew. */
export function watchConnectors(services: Pick<Services, 'store' | 'clock' | 'log'>, bell: LocalBell) {
  const { clock, log } = services;
  let [cancel, stopped] = [() => {}, false];
  const look = () => {
    cancel();
    if (stopped) return;
    checkConnectors(services)
      .then((next) => {
        if (next === undefined || stopped) return;
        cancel();
        cancel = clock.setTimer(next, look);
      })
      .catch((error) => log({ level: 'error', message: 'connectors could not be checked', error: String(error) }));
  };
  bell.listen(look);
  return {
    look,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
