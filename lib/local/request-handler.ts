import { randomUUID } from 'node:crypto';
import type { ConnectorActions } from '../api/connectors/actions.ts';
import { adminApi } from '../api/connectors/admin-api.ts';
import { storedKeys } from '../api/connectors/permissions.ts';
import type { Bell } from '../api/connectors/services.ts';
import { TRANSFER_TAG } from '../api/connectors/snapshots.ts';
import { createDispatcher, type JsonApi } from '../api/dispatch.ts';
import type { Handle } from '../api/http.ts';
import { smsApi } from '../api/sms/api.ts';
import { throttle } from '../api/throttle.ts';
import { takingNotifications } from '../api/validation-notifications.ts';
import type { Engine } from '../engine/engine.ts';
import type { Services } from '../ports.ts';
import type { Faults } from './ebs/faults.ts';
import { withSnapshotApis } from './ebs/snapshot-apis.ts';
import { eventsRoute } from './events-api.ts';
import type { LocalTarget } from './local-target.ts';
import type { SqliteStore } from './sqlite-store.ts';

export interface RequestHandlerOptions {
  readonly auth: 'sigv4' | 'none';
  readonly services: Services;
  readonly actions: ConnectorActions;
  readonly bell: Bell;
  readonly store: SqliteStore;
  readonly engine: Engine;
  readonly events: JsonApi;
  /** Absent where snapshots are in an account: then they are asked for there. */
  readonly local?: Pick<LocalTarget, 'snapshots' | 'imageOf'>;
  readonly ebsFaults?: Faults;
}

/** Everything that the service answers on its one port: SMS, Step Functions, EventBridge, the snapshots, and what launched servers report. */
export function requestHandler(options: RequestHandlerOptions): Handle {
  const { auth, services, actions, bell, store, engine, events, local, ebsFaults } = options;
  const { config, clock, log, tokenSecret } = services;
  const engineApi = {
    targetPrefix: 'AWSStepFunctions',
    signingName: 'states',
    jsonVersion: '1.0',
    call: engine.call,
  } as const;
  const keyOf = storedKeys({
    store,
    ...(local ? { transferOf: (id) => local.snapshots.describe(id)?.spec.tags[TRANSFER_TAG] } : {}),
  });
  const { requestsPerSecond: rate, requestBurst: burst } = config.limits;
  const checks =
    auth === 'sigv4'
      ? {
          verifier: { keyOf, now: () => clock.now() },
          throttle: throttle({ rate, burst }, () => clock.now()),
        }
      : {};
  const dispatch = createDispatcher({
    apis: [smsApi(services, undefined, actions), adminApi({ ...services, bell }), engineApi, events],
    routes: [eventsRoute(store, config)],
    ...checks,
    newRequestId: randomUUID,
    log,
  });
  const handle = takingNotifications(dispatch, services);
  if (!local) return handle;
  const { account, region } = config;
  const faults = ebsFaults ? { faults: ebsFaults } : {};
  const { snapshots, imageOf } = local;
  return withSnapshotApis(handle, {
    snapshots,
    imageOf,
    ...checks,
    ...faults,
    tokenSecret,
    account,
    region,
    clock,
    log,
  });
}
