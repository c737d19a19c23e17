import { list, oneOf, required, type Structure, structure, text } from '../shape.ts';

/** The inputs of the connectors' two actions as data; lib/messages.ts has the same as types. */

const id = text({ min: 1, max: 256 });
const words = text({ max: 4_096 });
const integer = { type: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const boolean = { type: 'boolean' } as const;
const document = { type: 'structure', members: {}, open: true } as const;
const hex = text({ pattern: /^[0-9a-f]{64}$/ });

const connectorId = required(id);
const held = { transferId: required(id), epoch: required(integer) };
const snapshotId = required(text({ pattern: /^snap-[0-9a-f]{1,59}$/ }));

export const GET_MESSAGES = structure({
  connectorId,
  waitSeconds: { type: 'integer', min: 0, max: 20 },
  copySlots: required({ type: 'integer', min: 0, max: 100 }),
  transfers: required(list(structure(held), 200)),
  tasks: list(id, 1_000),
});

const manager = structure({
  id: required(id),
  name: required(text({ min: 1, max: 256 })),
  type: required(oneOf('VSPHERE', 'SCVMM', 'HYPERV-MANAGER')),
});
const frozen = structure({ ...held, frozenAt: integer, errorName: words, statusMessage: words });

/** By the type of the message. */
export const SEND_MESSAGE = {
  REGISTER: structure({
    activationId: required(id),
    nonce: required(hex),
    formerConnectorId: id,
    version: required(text({ max: 64 })),
    hostName: required(text({ max: 256 })),
    ipAddress: required(text({ max: 64 })),
    macAddress: required(text({ max: 64 })),
    manager: required(manager),
    capabilities: required(list(oneOf('VSPHERE', 'SCVMM', 'HYPERV-MANAGER', 'SNAPSHOT_BATCHING', 'SMS_OPTIMIZED'), 5)),
  }),
  COPY_RESULT: structure({
    connectorId,
    ...held,
    taskState: required(oneOf('STARTING', 'ONGOING', 'SUCCEEDED', 'ERROR')),
    stage: oneOf('Validating', 'Uploading', 'Preparing', 'Completed'),
    bytesDone: integer,
    bytesTotal: integer,
    bytesPerSecond: integer,
    frozenAt: integer,
    errorName: text({ max: 256 }),
    statusMessage: words,
    result: document,
  }),
  START_SNAPSHOT: structure({
    connectorId,
    ...held,
    token: required(id),
    sizeGiB: required({ type: 'integer', min: 1, max: 65_536 }),
    parent: text({ pattern: /^snap-[0-9a-f]{1,59}$/ }),
  }),
  COMPLETE_SNAPSHOT: structure({ connectorId, ...held, snapshotId, written: required(integer), linear: hex }),
  DESCRIBE_SNAPSHOT: structure({ connectorId, ...held, snapshotId }),
  REMOVE_SNAPSHOT: structure({ connectorId, ...held, snapshotId }),
  GRANT_BLOCKS: structure({ connectorId, ...held }),
  FREEZE_RESULT: structure({ connectorId, groupId: required(id), members: required(list(frozen, 100)) }),
  IMPORT_RESULT: structure({
    connectorId,
    requestId: required(id),
    page: required({ type: 'integer', min: 1, max: 100_000 }),
    items: required(list(document, 500)),
    last: required(boolean),
    failure: words,
  }),
  FORGET_JOB_RESULT: structure({ connectorId, jobId: required(id) }),
  ROTATE_KEY: structure({ connectorId, nonce: required(hex) }),
  KEY_ROTATED: structure({ connectorId }),
} as const satisfies Record<string, Structure>;

export type MessageType = keyof typeof SEND_MESSAGE;

export const isMessageType = (type: unknown): type is MessageType =>
  typeof type === 'string' && Object.hasOwn(SEND_MESSAGE, type);
