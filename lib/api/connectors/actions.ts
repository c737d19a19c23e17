import type { Json } from '../../json.ts';
import type {
  ConnectorService,
  CopyResultMessage,
  FrozenTransfer,
  GetMessagesRequest,
  RegisterMessage,
  SendMessageRequest,
  SnapshotMessage,
} from '../../messages.ts';
import { TransientError } from '../../workflows/transient-error.ts';
import { retryingConflicts } from '../conflicts.ts';
import type { Caller } from '../dispatch.ts';
import { accessDenied, invalidParameter, missingRequiredParameter, temporarilyUnavailable } from '../errors.ts';
import { validate } from '../validate.ts';
import { copyResult } from './copy-result.ts';
import { freezeResult } from './freeze-result.ts';
import { getMessages } from './get-messages.ts';
import { keyRotated, rotateKey } from './keys.ts';
import { forgetJobResult, importResult } from './questions.ts';
import { register } from './register.ts';
import type { ConnectorServices, Speaker } from './services.ts';
import { GET_MESSAGES, isMessageType, type MessageType, SEND_MESSAGE } from './shapes.ts';
import { snapshotMessage } from './snapshots.ts';

type Handler = (message: never, speaker: Speaker) => Promise<object>;

const HANDLERS: Readonly<Record<Exclude<MessageType, 'REGISTER'>, Handler>> = {
  COPY_RESULT: (message: CopyResultMessage, speaker) => copyResult(message, speaker),
  START_SNAPSHOT: (message: SnapshotMessage, speaker) => snapshotMessage(message, speaker),
  COMPLETE_SNAPSHOT: (message: SnapshotMessage, speaker) => snapshotMessage(message, speaker),
  DESCRIBE_SNAPSHOT: (message: SnapshotMessage, speaker) => snapshotMessage(message, speaker),
  REMOVE_SNAPSHOT: (message: SnapshotMessage, speaker) => snapshotMessage(message, speaker),
  GRANT_BLOCKS: (message: SnapshotMessage, speaker) => snapshotMessage(message, speaker),
  FREEZE_RESULT: (message: { groupId: string; members: FrozenTransfer[] }, speaker) => freezeResult(message, speaker),
  IMPORT_RESULT: (message, speaker) => importResult(message, speaker),
  FORGET_JOB_RESULT: (message, speaker) => forgetJobResult(message, speaker),
  ROTATE_KEY: (message, speaker) => rotateKey(message, speaker),
  KEY_ROTATED: (_, speaker) => keyRotated(speaker),
};

/** The two actions of connectors, permission-only in SMS's own model: no client of SMS has them. */
export interface ConnectorActions {
  has(name: string): boolean;
  call(name: string, body: Json, caller: Caller): Promise<object>;
  /** The service for a connector in the same process. */
  readonly direct: ConnectorService;
}

export function connectorActions(services: ConnectorServices): ConnectorActions {
  const attempt = retryingConflicts();
  const speaker = async (id: string, caller: Caller | undefined): Promise<Speaker> => ({
    connector: await speakerOf(id, caller, services),
    services,
    ...(caller?.accessKeyId ? { accessKeyId: caller.accessKeyId } : {}),
  });
  const handle = async (message: SendMessageRequest, caller: Caller | undefined): Promise<object> =>
    message.type === 'REGISTER'
      ? register(message as RegisterMessage, { services, caller })
      : // Who lost against another writer reads the connector again, too.
        HANDLERS[message.type](message as never, await speaker(message.connectorId, caller));
  const send = (message: SendMessageRequest, caller: Caller | undefined): Promise<object> =>
    attempt('SendMessage', () => handle(message, caller).catch(inItsWords));
  // It waits, and writes on condition by itself: it may not hold up those whose turn it is to try again.
  const get = async (request: GetMessagesRequest, caller: Caller | undefined, signal?: AbortSignal) =>
    getMessages(request, await speaker(request.connectorId, caller), signal);

  return {
    has: (name) => name === 'GetMessages' || name === 'SendMessage',
    call: (name, body, caller) =>
      name === 'GetMessages'
        ? get(validate(body, GET_MESSAGES) as unknown as GetMessagesRequest, caller, caller.gone)
        : send(readMessage(body), caller),
    direct: {
      getMessages: (request, signal) => get(request, undefined, signal),
      sendMessage: (message) => send(message, undefined),
    },
  };
}

/** A failure that goes away by itself ends up in the run's message: it is told as it is. */
function inItsWords(error: unknown): never {
  throw error instanceof TransientError ? temporarilyUnavailable(error.message) : error;
}

function readMessage(body: Json): SendMessageRequest {
  const { type, ...rest } = (body ?? {}) as Record<string, Json>;
  if (type === undefined || type === null) throw missingRequiredParameter('type is required: what the message says');
  if (!isMessageType(type))
    throw invalidParameter(`type: there is no such message; there are ${Object.keys(SEND_MESSAGE).join(', ')}`);
  return { ...validate(rest, SEND_MESSAGE[type]), type } as SendMessageRequest;
}

/** The connector that speaks. Where callers sign, its key tells. Throws AccessDenied. */
async function speakerOf(id: string, caller: Caller | undefined, { store }: ConnectorServices) {
  const connector = await store.get('Connector', id);
  if (!connector || connector.status === 'DISASSOCIATED')
    throw accessDenied(`there is no connector ${id}, or no more; activate it with a new code`);
  if (caller?.accessKeyId !== undefined) {
    const key = await store.get('AccessKey', caller.accessKeyId);
    if (key?.connectorId !== id) throw accessDenied(`key ${caller.accessKeyId} is not of connector ${id}`);
  }
  return connector;
}
