import { writeFileSync } from 'node:fs';
import type { Shape, Structure } from '../lib/api/shape.ts';
import { MODEL_ERRORS } from '../lib/api/sms/model-errors.ts';
import { OPERATIONS } from '../lib/api/sms/operations.ts';
import { RULES } from '../lib/api/sms/rules.ts';
import { OPERATION_SHAPES, type OperationName } from '../lib/api/sms/shapes.ts';

/** Writes docs/operations.md from the tables that the service itself goes by. */
export const OPERATIONS_DOC = 'docs/operations.md';

const NAMES = Object.keys(OPERATION_SHAPES) as OperationName[];
const isServed = (name: OperationName) => Object.hasOwn(OPERATIONS, name);

const INTRODUCTION = `The ${NAMES.length} operations of the SMS API, version 2016-10-24; this version of Rehost serves ${NAMES.filter(isServed).length} of them.
This page is generated from the tables that the service checks requests with (\`lib/api/sms/shapes.ts\` and \`rules.ts\`):
change those and run \`node scripts/make-operations-doc.ts\`.

A call is \`POST /\` with \`X-Amz-Target: AWSServerMigrationService_V2016_10_24.<Operation>\`, a JSON object as body
(\`application/x-amz-json-1.1\`, at most 1 MiB, gzip if you like) and a Signature Version 4 for service \`sms\`. Times are numbers:
seconds since 1970. A member that is null counts as absent. Operations without output answer an empty body. Errors answer
\`{"__type": "<Error>", "message": "…"}\`; the message names the member by its path, its value, and what to do. Every answer
bears \`x-amzn-RequestId\`.`;

const COMMON_ERRORS = [
  [
    'InvalidParameterException',
    '400',
    'a member of the wrong type, out of its range, or that the operation does not have',
  ],
  ['MissingRequiredParameterException', '400', 'a required member is absent'],
  ['SerializationException', '400', 'the body is not JSON, not UTF-8, not as packed as it says, or nested too deep'],
  ['RequestEntityTooLargeException', '413', 'the body is larger than 1 MiB'],
  ['UnknownOperationException', '400', 'no such operation, or not POST'],
  ['MissingAuthenticationTokenException', '400', 'the request is not signed'],
  ['IncompleteSignatureException', '400', 'a part of the signature is absent or malformed'],
  [
    'InvalidSignatureException',
    '400',
    'the signature does not match, is for another service, or the clocks differ by more than 5 minutes',
  ],
  ['RequestExpired', '400', 'a presigned request is past its time'],
  ['UnrecognizedClientException', '400', 'the access key is not known'],
  ['ThrottlingException', '400', 'the access key asks too often; `Retry-After` says when to try again'],
  ['TemporarilyUnavailableException', '500', 'other callers kept changing the same things; try again'],
  ['InternalError', '500', 'a fault of the service; try again'],
];

export const operationsDoc = (): string =>
  [
    '# Operations',
    INTRODUCTION,
    '## Common errors',
    table(['Error', 'Status', 'When'], COMMON_ERRORS),
    ...NAMES.flatMap(operationSection),
    '# Structures',
    ...[...structures()].flatMap(([name, shape]) => [`## ${name}`, membersTable(shape)]),
  ].join('\n\n');

function operationSection(name: OperationName): string[] {
  const { input, output } = OPERATION_SHAPES[name];
  const { summary, refusals, notes = [] } = RULES[name];
  return [
    `## ${name}`,
    isServed(name) ? summary : `${summary} **Not in this version yet.**`,
    ...notes,
    ...part('Input', input),
    ...part('Output', output),
    ...(refusals.length > 0 ? [table(['Refused when', 'Error'], refusals)] : []),
    `Errors of the model: ${[...MODEL_ERRORS[name]].sort().join(', ')}.`,
  ];
}

const part = (title: string, shape: Structure) =>
  Object.keys(shape.members).length > 0 ? [`${title}:`, membersTable(shape)] : [`${title}: none.`];

function membersTable({ members }: Structure): string {
  const names = Object.keys(members).sort();
  const rows = names.map((name) => {
    const shape = members[name]!;
    return [`\`${name}\``, describe(shape), shape.required ? 'required' : ''];
  });
  const someRequired = rows.some(([, , required]) => required);
  return someRequired
    ? table(['Member', 'Is', ''], rows)
    : table(
        ['Member', 'Is'],
        rows.map((row) => row.slice(0, 2)),
      );
}

/** A shape in words. */
function describe(shape: Shape): string {
  switch (shape.type) {
    case 'structure':
      return shape.name ? `[${shape.name}](#${shape.name.toLowerCase()})` : 'an object';
    case 'list':
      return `list of ${describe(shape.of)}${shape.max === undefined ? '' : `, at most ${shape.max}`}`;
    case 'string': {
      if (shape.enum) return shape.enum.join(', ');
      const pattern = shape.pattern ? ` that matches \`${shape.pattern.source.replaceAll('|', '\\|')}\`` : '';
      return `text${bounds(shape, ' characters')}${pattern}`;
    }
    case 'integer':
      return `whole number${bounds(shape, '')}`;
    case 'boolean':
      return 'true or false';
    case 'timestamp':
      return 'time';
  }
}

function bounds({ min, max }: { min?: number; max?: number }, unit: string): string {
  // The bounds of an integer of the model say nothing to a reader.
  if (max === undefined || max === 2 ** 31 - 1) return '';
  return `, ${min === undefined ? `at most ${max}` : `${min} to ${max}`}${unit}`;
}

/** The structures that have a name, in the order of their names. */
function structures(): Map<string, Structure> {
  const found = new Map<string, Structure>();
  const visit = (shape: Shape) => {
    if (shape.type === 'list') visit(shape.of);
    if (shape.type !== 'structure') return;
    if (shape.name) found.set(shape.name, shape);
    for (const member of Object.values(shape.members)) visit(member);
  };
  for (const { input, output } of Object.values(OPERATION_SHAPES)) {
    visit(input);
    visit(output);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) writeFileSync(OPERATIONS_DOC, `${operationsDoc()}\n`);
