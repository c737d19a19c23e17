/**
 * The words of the NBD protocol that we speak: fixed newstyle handshake, structured replies, block status. All numbers are big-endian.
 * Source: doc/proto.md of the NetworkBlockDevice project.
 */

export const MAGIC = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

/** What the server, and then the client, says of the handshake. */
export const HANDSHAKE = { FIXED_NEWSTYLE: 1, NO_ZEROES: 2 } as const;
export const OPTION = { GO: 7, STRUCTURED_REPLY: 8, SET_META_CONTEXT: 10 } as const;
export const OPTION_REPLY = { ACK: 1, INFO: 3, META_CONTEXT: 4 } as const;
/** Replies to options that are failures have this bit. */
export const OPTION_ERROR = 2 ** 31;
export const INFO = { EXPORT: 0, BLOCK_SIZE: 3 } as const;
/** Of the export: a read may be asked to come in one piece. */
export const EXPORT = { SEND_DF: 1 << 7 } as const;

export const COMMAND = { READ: 0, DISCONNECT: 2, BLOCK_STATUS: 7 } as const;
export const COMMAND_FLAG = { DONT_FRAGMENT: 1 << 2 } as const;
export const REQUEST_SIZE = 28;

export const REPLY_FLAG = { DONE: 1 } as const;
export const REPLY = { NONE: 0, OFFSET_DATA: 1, OFFSET_HOLE: 2, BLOCK_STATUS: 5 } as const;
/** Types of replies that are failures have this bit. */
export const REPLY_ERROR = 1 << 15;

/** Of `base:allocation`: the bytes read as zeros. */
export const STATE_ZERO = 2;
export const ALLOCATION = 'base:allocation';
/** Of `qemu:dirty-bitmap:NAME`: the bytes are marked. Source: QEMU's documentation, interop/nbd. */
export const STATE_DIRTY = 1;
export const DIRTY_BITMAP = 'qemu:dirty-bitmap:';

/** Bytes that a server takes in one request unless it says otherwise. */
export const MAX_PAYLOAD = 2 ** 25;

/** Errors by their numbers, which are Linux's wherever the server runs. */
export const ERRORS: Readonly<Record<number, string>> = {
  1: 'EPERM',
  5: 'EIO',
  12: 'ENOMEM',
  22: 'EINVAL',
  28: 'ENOSPC',
  75: 'EOVERFLOW',
  95: 'ENOTSUP',
  108: 'ESHUTDOWN',
};

/** The server refused, failed, or does not keep to the protocol. */
export class NbdError extends Error {
  override readonly name = 'NbdError';
}
