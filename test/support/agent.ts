import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from '../../lib/agent/agent.ts';
import { ServiceUnreachableError } from '../../lib/agent/errors.ts';
import { openIdentity } from '../../lib/agent/identity.ts';
import type { Identity } from '../../lib/agent/identity-file.ts';
import { remoteService } from '../../lib/agent/remote-service.ts';
import { serveAgent } from '../../lib/agent/serve.ts';
import { connectorBlocks } from '../../lib/cli/connector-blocks.ts';
import type { Source } from '../../lib/connector/source.ts';
import { capabilitiesOf } from '../../lib/local/embedded-connector.ts';
import { systemClock } from '../../lib/local/system-clock.ts';
import type { ConnectorService } from '../../lib/messages.ts';
import { activationCode, type Place } from './connectors.ts';

/** A connector in this process that reaches the service over HTTP, as `rehost connector` does, with a source of the test's. */
export interface TestAgent {
  readonly identity: Identity;
  readonly service: ConnectorService;
  readonly agent: Agent;
  /** Resolves with the error that ended it; undefined when it was stopped. */
  readonly ended: Promise<Error | undefined>;
  /** Cuts the agent off from the service's messages, but not from its blocks; or ends that. */
  cut(off: boolean): void;
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly source: Source;
  readonly folder: string;
  readonly copySlots?: number;
}

export async function startAgent(place: Place, { source, folder, copySlots = 4 }: AgentOptions): Promise<TestAgent> {
  mkdirSync(folder, { recursive: true });
  const opened = openIdentity(folder, systemClock);
  const about = { version: '0', hostName: 'test', ipAddress: '127.0.0.1', macAddress: '00:00:00:00:00:00' };
  const at = { endpoint: place.url, region: place.region };
  const code = await activationCode(place);
  await opened.activate(code, at, { ...about, manager: source.manager, capabilities: capabilitiesOf(source) });
  const current = () => opened.current()!;
  const service = remoteService({ ...at, credentials: current });
  let isCut = false;
  const reach = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isCut) throw new ServiceUnreachableError('cut off, on purpose');
    return call();
  };
  const stop = new AbortController();
  let poll = new AbortController();
  const agent = new Agent({
    connectorId: current().connectorId,
    service: {
      getMessages: (request, signal) => reach(() => service.getMessages(request, signal)),
      sendMessage: (message) => reach(() => service.sendMessage(message)),
    },
    source,
    openBlocks: connectorBlocks({ ...at, credentials: current }),
    stateFolder: join(folder, 'jobs'),
    copySlots,
    copy: { concurrency: { start: 4, max: 4 } },
    progressInterval: 100,
    outagePatience: 60_000,
    clock: systemClock,
    onRoom: () => poll.abort(),
    log: () => {},
  });
  const ended = serveAgent(agent, {
    clock: systemClock,
    signal: stop.signal,
    nextPoll() {
      poll = new AbortController();
      return poll.signal;
    },
    before: async () => {},
    log: () => {},
  }).then(
    () => undefined,
    (error: Error) => error,
  );
  return {
    identity: current(),
    service,
    agent,
    ended,
    cut(off) {
      isCut = off;
      poll.abort();
    },
    async stop() {
      stop.abort();
      await ended;
    },
  };
}
