import { child, textOf, typeOf, type Xml } from './xml.ts';

/** What vCenter answers instead of a result. */
export class VimFaultError extends Error {
  override readonly name = 'VimFaultError';
  /** VMware's name of it, such as `NotAuthenticated`. */
  readonly fault: string;

  constructor(fault: string, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** The address answers, and not as a vCenter would. Or it does not answer. */
export class VcenterUnreachableError extends Error {
  override readonly name = 'VcenterUnreachableError';
}
/** vCenter takes neither name nor password. */
export class VcenterLoginError extends Error {
  override readonly name = 'VcenterLoginError';
}
/** Certificate and pin, or authority, do not match: nothing has been sent. */
export class UntrustedCertificateError extends Error {
  override readonly name = 'UntrustedCertificateError';
}
/** The guest could not be brought into order, and was to be. */
export class QuiesceError extends Error {
  override readonly name = 'QuiesceError';
}
/** The disk cannot be read from its datastore. */
export class DatastoreReadError extends Error {
  override readonly name = 'DatastoreReadError';
  /** Of HTTP, where there was an answer. */
  readonly status: number;

  constructor(message: string, status = 0) {
    super(message);
    this.status = status;
  }
}
/** vCenter's export of the disk broke off. */
export class ExportLeaseError extends Error {
  override readonly name = 'ExportLeaseError';
}

/** The fault that an envelope holds. `what` says what was asked. */
export function faultIn(fault: Xml, what: string): VimFaultError {
  const detail = child(fault, 'detail');
  const names = detail === undefined || typeof detail === 'string' ? [] : Object.keys(detail);
  const element = names.find((name) => /^\w/.test(name));
  const kind = typeOf(child(detail, element ?? '')) || element?.replace(/Fault$/, '') || 'Fault';
  return new VimFaultError(kind, `${what}: ${kind}${said(textOf(fault, 'faultstring'))}`);
}

/** The fault of a task, or of a property: a LocalizedMethodFault. */
export function localizedFault(node: Xml, what: string): VimFaultError {
  const kind = typeOf(child(node, 'fault')) || 'Fault';
  const reason = textOf(node, 'localizedMessage') || textOf(node, 'fault', 'reason');
  return new VimFaultError(kind, `${what}: ${kind}${said(reason)}`);
}

const said = (text: string | undefined) => (text?.trim() ? ` (${text.trim().slice(0, 500)})` : '');

export const isFault = (error: unknown, ...faults: readonly string[]): error is VimFaultError =>
  error instanceof VimFaultError && faults.includes(error.fault);

/** The object is not there any more. */
export const isGone = (error: unknown) => isFault(error, 'ManagedObjectNotFound');
