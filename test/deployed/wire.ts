import type { EventBridgeEvent } from '../../lib/domain/events.ts';
import type { WireCall } from '../simulators/iam/requests.ts';

/** An event as it was put on the bus. */
export interface PutEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: EventBridgeEvent['detail'];
  /** X-Ray's header that went with it. */
  readonly traceHeader: string | undefined;
}

/** An execution as it was asked for. */
export interface Start {
  readonly workflow: string;
  readonly name: string;
  readonly traceHeader: string | undefined;
}

/** What functions put on the bus and started, read off the wire. */
export interface Wire {
  readonly put: readonly PutEvent[];
  readonly started: readonly Start[];
  note(call: WireCall): void;
  /** The header that EventBridge hands on with the event, which is not in the event. */
  traceHeaderOf(event: EventBridgeEvent): string | undefined;
}

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly TraceHeader?: string;
}

export function openWire(): Wire {
  const put: PutEvent[] = [];
  const started: Start[] = [];
  const headers = new Map<string, string | undefined>();
  const keyOf = (detailType: string, detail: object) => `${detailType} ${JSON.stringify(detail)}`;
  const read = <T>({ body }: WireCall) => JSON.parse(body.toString()) as T;
  return {
    put,
    started,
    note(call) {
      if (call.operation === 'PutEvents')
        for (const { Source, DetailType, Detail, TraceHeader } of read<{ Entries: Entry[] }>(call).Entries) {
          const detail = JSON.parse(Detail) as EventBridgeEvent['detail'];
          put.push({ source: Source, detailType: DetailType, detail, traceHeader: TraceHeader });
          headers.set(keyOf(DetailType, detail), TraceHeader);
        }
      if (call.operation === 'StartExecution') {
        const { stateMachineArn, name } = read<{ stateMachineArn: string; name: string }>(call);
        const traceHeader = call.headers['x-amzn-trace-id'] as string | undefined;
        started.push({ workflow: stateMachineArn.split(':').at(-1)!, name, traceHeader });
      }
    },
    traceHeaderOf: (event) => headers.get(keyOf(event['detail-type'], event.detail)),
  };
}
