import { authenticate } from '../../api/dispatch.ts';
import type { Handle, HttpRequest, HttpResponse } from '../../api/http.ts';
import type { Verifier } from '../../api/signature.ts';
import type { FileSnapshots, SnapshotDescription } from '../file-snapshots.ts';

/**
 * The two operations of EC2 that a client of the EBS direct APIs needs beside them: they alone tell a snapshot's state, and delete it. EC2's query
 * protocol: a form in, XML out.
 */
export interface Ec2EndpointOptions {
  readonly snapshots: FileSnapshots;
  readonly account: string;
  /** The image that was made of the snapshot, if there is one: it keeps the snapshot. */
  imageOf(snapshotId: string): string | undefined;
  /** Absent where callers need not sign. */
  readonly verifier?: Verifier;
  newRequestId(): string;
}

class Ec2Error extends Error {
  override readonly name = 'Ec2Error';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Form = Readonly<Record<string, string>>;
type Action = (form: Form, options: Ec2EndpointOptions) => Promise<string>;

const ACTIONS: Readonly<Record<string, Action>> = {
  DescribeSnapshots: describeSnapshots,
  DeleteSnapshot: deleteSnapshot,
};
/** Parameters that are taken; EC2 has more, and one that is ignored would mislead. */
const TAKEN = /^(Action|Version|SnapshotId(\.\d+)?|OwnerIds?\.\d+|Owner\.\d+|Filter\.\d+\.(Name|Value\.\d+))$/;

/** Whether a request is for EC2's query protocol: nothing else here is called with a form. */
export const isEc2Request = ({ method, headers }: HttpRequest) =>
  method === 'POST' && headers['x-amz-target'] === undefined && (headers['content-type'] ?? '').startsWith(FORM);
const FORM = 'application/x-www-form-urlencoded';

export function ec2Endpoint(options: Ec2EndpointOptions): Handle {
  return async (request) => {
    const requestId = options.newRequestId();
    try {
      await authenticate(request, { signingName: 'ec2' }, options.verifier ? { verifier: options.verifier } : {});
      const form = Object.fromEntries(new URLSearchParams(request.body.toString()));
      const { Action: name = '' } = form;
      const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
      if (!action)
        throw new Ec2Error(
          'InvalidAction',
          `${name.slice(0, 60)} is not served here; these are: ${Object.keys(ACTIONS).join(', ')}`,
        );
      const unknown = Object.keys(form).find((parameter) => !TAKEN.test(parameter));
      if (unknown) throw new Ec2Error('UnknownParameter', `${unknown.slice(0, 60)} is not read here; leave it out`);
      const inner = await action(form, options);
      return xml(
        200,
        `<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${element('requestId', requestId)}${inner}</${name}Response>`,
      );
    } catch (error) {
      return xml(...toldError(error, requestId));
    }
  };
}

async function describeSnapshots(form: Form, { snapshots, account }: Ec2EndpointOptions): Promise<string> {
  const ids = listOf(form, 'SnapshotId');
  const filters = Object.keys(form)
    .filter((name) => /^Filter\.\d+\.Name$/.test(name))
    .map((name) => ({
      name: form[name] ?? '',
      values: listOf(form, `${name.slice(0, -5)}.Value`),
    }));
  const found = ids.length > 0 ? ids.map((id) => known(id, snapshots)) : snapshots.describeAll();
  const chosen = found.filter((snapshot) => filters.every((filter) => passes(snapshot, filter)));
  return list(
    'snapshotSet',
    chosen.map((snapshot) => describedAs(snapshot, account)),
  );
}

function passes(
  { id, state, spec }: SnapshotDescription,
  { name, values }: { name: string; values: readonly string[] },
): boolean {
  if (name.startsWith('tag:')) return values.includes(spec.tags[name.slice(4)] ?? '\0');
  if (name === 'tag-key') return values.some((key) => Object.hasOwn(spec.tags, key));
  if (name === 'status') return values.includes(state);
  if (name === 'snapshot-id') return values.includes(id);
  throw new Ec2Error(
    'InvalidParameterValue',
    `there is no filter ${name.slice(0, 60)} here; these are: tag:KEY, tag-key, status, snapshot-id`,
  );
}

const describedAs = ({ id, spec, state, startedAt, kmsKeyArn }: SnapshotDescription, account: string) =>
  [
    element('snapshotId', id),
    // What EC2 says of snapshots that were made of no volume.
    element('volumeId', 'vol-ffffffff'),
    element('status', state),
    element('startTime', new Date(startedAt).toISOString()),
    element('progress', state === 'completed' ? '100%' : '0%'),
    element('ownerId', account),
    element('volumeSize', `${spec.sizeGiB}`),
    element('description', spec.description ?? ''),
    element('encrypted', `${kmsKeyArn !== undefined}`),
    kmsKeyArn === undefined ? '' : element('kmsKeyId', kmsKeyArn),
    list(
      'tagSet',
      Object.entries(spec.tags).map(([key, value]) => element('key', key) + element('value', value)),
    ),
  ].join('');

async function deleteSnapshot(
  { SnapshotId: id = '' }: Form,
  { snapshots, imageOf }: Ec2EndpointOptions,
): Promise<string> {
  known(id, snapshots);
  const image = imageOf(id);
  if (image)
    throw new Ec2Error(
      'InvalidSnapshot.InUse',
      `The snapshot ${id} is currently in use by ${image}; deregister the image first`,
    );
  await snapshots.remove(id);
  return element('return', 'true');
}

function known(id: string, snapshots: FileSnapshots): SnapshotDescription {
  const snapshot = snapshots.describe(id);
  if (!snapshot) throw new Ec2Error('InvalidSnapshot.NotFound', `The snapshot '${id.slice(0, 64)}' does not exist.`);
  return snapshot;
}

const listOf = (form: Form, name: string) =>
  Object.keys(form)
    .filter((key) => key.startsWith(`${name}.`) && /^\d+$/.test(key.slice(name.length + 1)))
    .map((key) => form[key] ?? '');

/** The status and the text of a failure. EC2 answers 400 for what callers do wrong. */
function toldError(error: unknown, requestId: string): [number, string] {
  const { code, message, status } = codeOf(error);
  const inner = element('Code', code) + element('Message', message);
  return [status, `<Response><Errors><Error>${inner}</Error></Errors>${element('RequestID', requestId)}</Response>`];
}

function codeOf(error: unknown): { code: string; message: string; status: number } {
  if (error instanceof Ec2Error) return { code: error.code, message: error.message, status: 400 };
  if (error instanceof Error && 'type' in error) return { code: 'AuthFailure', message: error.message, status: 401 };
  return { code: 'InternalError', message: String(error), status: 500 };
}

const xml = (status: number, text: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${text}`,
});

const list = (name: string, items: readonly string[]) =>
  `<${name}>${items.map((item) => `<item>${item}</item>`).join('')}</${name}>`;

const element = (name: string, text: string) =>
  `<${name}>${text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`)}</${name}>`;
