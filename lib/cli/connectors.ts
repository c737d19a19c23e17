import { GetConnectorsCommand } from '@aws-sdk/client-sms';
import { jsonCall } from '../agent/json-call.ts';
import { type Command, UsageError } from './command.ts';
import { type Endpoint, OF_THE_ENVIRONMENT, requiredEndpoint } from './endpoint.ts';

/** Milliseconds for an answer. */
const PATIENCE = 15_000;

export const connectors: Command = {
  arguments: [
    { name: 'ACTION', optional: true, text: 'what to do, as below; lists the connectors unless told' },
    { name: 'CONNECTOR', optional: true, text: 'whose, such as c-0123456789abcdef0' },
  ],
  options: {},
  notes: [
    `ACTION is one of
  list          each connector: id, status, manager, address, version, capabilities
  code          prints an activation code, with which a new connector registers; good once, for 24 hours
  rotate        CONNECTOR takes a new key
  revoke        the key of CONNECTOR is good for nothing from now on; with another code it can come back
  disassociate  CONNECTOR is gone for good`,
    OF_THE_ENVIRONMENT,
  ],
  examples: [
    { line: 'rehost connectors' },
    { line: 'rehost connectors code' },
    { line: 'rehost connectors rotate c-0123456789abcdef0' },
  ],
  async run({ positionals: [action = 'list', connectorId] }) {
    const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!run) throw new UsageError(`there is no ${action}; there are ${Object.keys(ACTIONS).join(', ')}`);
    await run(requiredEndpoint(process.env), connectorId);
    return 0;
  },
};

type Action = (endpoint: Endpoint, connectorId: string | undefined) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  list,
  code,
  rotate: async (endpoint, id) => {
    await call(endpoint, 'RotateConnectorKey', { connectorId: required(id) });
    console.log(`connector ${id} takes a new key when it next asks for messages`);
  },
  revoke: async (endpoint, id) => {
    await call(endpoint, 'RevokeConnectorKey', { connectorId: required(id) });
    console.log(
      `the key of connector ${id} is good for nothing; activate it anew with another code and its data folder`,
    );
  },
  disassociate: async ({ sms }, id) => {
    const { DisassociateConnectorCommand } = await import('@aws-sdk/client-sms');
    await sms.send(new DisassociateConnectorCommand({ connectorId: required(id) }));
    console.log(`connector ${id} is disassociated`);
  },
};

const call = ({ url, region, credentials }: Endpoint, operation: string, body: object) =>
  jsonCall({ endpoint: url, region, credentials, target: `Rehost.${operation}`, body, patience: PATIENCE });

function required(connectorId: string | undefined): string {
  if (connectorId) return connectorId;
  throw new UsageError('name the connector, such as c-0123456789abcdef0');
}

async function list({ sms }: Endpoint) {
  let nextToken: string | undefined;
  let count = 0;
  do {
    const page = await sms.send(new GetConnectorsCommand({ nextToken }));
    for (const { connectorId, status, vmManagerName, ipAddress, version, capabilityList = [] } of page.connectorList ??
      [])
      console.log([connectorId, status, vmManagerName, ipAddress, version, capabilityList.join(' ')].join('\t'));
    count += page.connectorList?.length ?? 0;
    nextToken = page.nextToken;
  } while (nextToken);
  if (count === 0) console.error('no connectors; `rehost connectors code` makes an activation code for one');
}

async function code(endpoint: Endpoint) {
  const made = (await call(endpoint, 'CreateActivationCode', {})) as { code: string; expiresAt: number };
  console.log(made.code);
  console.error(`good once, until ${new Date(made.expiresAt).toISOString()}; on the connector’s machine:
rehost connector --activate ${made.code} --endpoint ${endpoint.url} --source KIND:PLACE`);
}
