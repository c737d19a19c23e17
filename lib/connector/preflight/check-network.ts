import { parse } from 'yaml';
import { type FileSystem, textOf } from './file-system.ts';
import { type Draft, needsImport } from './report.ts';

/** Files of a folder at most that are read. */
const MAX_FILES = 50;

interface Found {
  /** Interfaces that are configured by DHCP, by their names, or by a pattern. */
  readonly dhcp: string[];
  /** Where addresses stand that are good in the old network only. */
  readonly fixed: string[];
  /** Where a network card is named by its address. */
  readonly byCard: string[];
}

/** Whether the guest takes its address from EC2's DHCP, on whatever its network card is called there. */
export async function checkNetwork(
  root: FileSystem,
  { draft, cmdline }: { draft: Draft; cmdline: string },
): Promise<void> {
  const found: Found = { dhcp: [], fixed: [], byCard: [] };
  for (const [folder, ending, read] of READERS)
    for (const [path, text] of await textsIn(root, folder, ending)) read(text, path, found);
  const hasManager = (await root.list('/etc/NetworkManager')).length > 0;
  const hasCloudInit = (await root.list('/etc/cloud')).includes('cloud.cfg');
  draft.facts.push(
    `network: DHCP on ${found.dhcp.join(', ') || 'nothing that is named'}${hasManager ? ', NetworkManager' : ''}${hasCloudInit ? ', cloud-init' : ''}`,
  );
  if (found.fixed.length > 0)
    draft.findings.push(
      needsImport(
        'StaticAddress',
        `${found.fixed.join(', ')} gives a fixed address, which is not EC2's; configure DHCP`,
      ),
    );
  if (found.byCard.length > 0)
    draft.findings.push(
      needsImport(
        'FixedNetworkCard',
        `${found.byCard.join(', ')} names a network card by its address, and EC2 gives another; remove that line or file`,
      ),
    );
  if (found.fixed.length > 0 || hasManager || hasCloudInit) return;
  const fits = (name: string) =>
    /[*?]/.test(name) || name === 'all' || (/^eth0$/.test(name) && /\bnet\.ifnames=0\b/.test(cmdline));
  if (found.dhcp.some(fits)) return;
  draft.findings.push(
    found.dhcp.length > 0
      ? needsImport(
          'FixedInterfaceName',
          `DHCP is configured on ${found.dhcp.join(', ')} only, and the interface is called otherwise in EC2 (ens5); configure it by a pattern, as en*, or start with net.ifnames=0 and use eth0`,
        )
      : needsImport(
          'NoDhcp',
          'no configuration by DHCP was found; configure it, for whatever the interface is called (ens5 in EC2)',
        ),
  );
}

type Read = (text: string, path: string, found: Found) => void;

const interfaces: Read = (text, path, { dhcp, fixed }) => {
  for (const [, name, how] of text.matchAll(/^\s*iface\s+(\S+)\s+inet\s+(\S+)/gm)) {
    if (how === 'dhcp') dhcp.push(name!);
    if (how === 'static' && name !== 'lo') fixed.push(`${path} (${name})`);
  }
};

const ifcfg: Read = (text, path, { dhcp, fixed, byCard }) => {
  if (path.endsWith('/ifcfg-lo')) return;
  const value = (key: string) => new RegExp(`^\\s*${key}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1]?.trim();
  if (value('BOOTPROTO')?.toLowerCase() === 'dhcp') dhcp.push(value('DEVICE') ?? value('NAME') ?? '*');
  else if (value('IPADDR') ?? value('IPADDR0')) fixed.push(path);
  if (value('HWADDR')) byCard.push(path);
};

const keyfile: Read = (text, path, { dhcp, fixed, byCard }) => {
  const [, method] = /^\[ipv4\][^[]*^method=(\S+)/ms.exec(text) ?? [];
  if (method === 'manual') fixed.push(path);
  if (method === 'auto') dhcp.push(/^interface-name=(\S+)/m.exec(text)?.[1] ?? '*');
  if (/^mac-address=\S/m.test(text)) byCard.push(path);
};

const networkd: Read = (text, path, { dhcp, fixed, byCard }) => {
  if (/^\s*Address=\d/m.test(text)) fixed.push(path);
  if (/^\s*DHCP=\s*(yes|ipv4|true|both|v4)/im.test(text)) dhcp.push(/^\s*Name=(\S+)/m.exec(text)?.[1] ?? '*');
  if (/^\s*(PermanentMACAddress|MACAddress)=/m.test(text)) byCard.push(path);
};

const netplan: Read = (text, path, { dhcp, fixed, byCard }) => {
  for (const [name, settings] of Object.entries(ethernets(text))) {
    const { match, dhcp4, addresses } = (settings ?? {}) as {
      match?: Record<string, unknown>;
      dhcp4?: unknown;
      addresses?: unknown;
    };
    if (dhcp4 === true) dhcp.push(match ? String(match.name ?? '*') : name);
    if (Array.isArray(addresses) && addresses.length > 0) fixed.push(`${path} (${name})`);
    if (match?.macaddress !== undefined) byCard.push(`${path} (${name})`);
  }
};

/** What cloud-init wrote it writes anew on a machine that it does not know. */
const udevRules: Read = (text, path, { byCard }) => {
  if (/ATTR\{address\}==/.test(text)) byCard.push(path);
};

/** A file that is no YAML configures nothing. */
function ethernets(text: string): Record<string, unknown> {
  try {
    const { network } = parse(text, { maxAliasCount: 10 }) as { network?: { ethernets?: Record<string, unknown> } };
    return network?.ethernets ?? {};
  } catch {
    return {};
  }
}

const READERS: readonly (readonly [folder: string, names: RegExp, read: Read])[] = [
  ['/etc/network', /^interfaces$/, interfaces],
  ['/etc/network/interfaces.d', /./, interfaces],
  ['/etc/sysconfig/network-scripts', /^ifcfg-/, ifcfg],
  ['/etc/NetworkManager/system-connections', /./, keyfile],
  ['/etc/systemd/network', /\.network$/, networkd],
  ['/etc/netplan', /^(?!50-cloud-init).*\.ya?ml$/, netplan],
  ['/etc/udev/rules.d', /persistent-net/, udevRules],
];

async function textsIn(root: FileSystem, folder: string, names: RegExp): Promise<[string, string][]> {
  const texts: [string, string][] = [];
  for (const name of (await root.list(folder)).filter((one) => names.test(one)).slice(0, MAX_FILES)) {
    const text = await textOf(root, `${folder}/${name}`);
    if (text !== undefined) texts.push([`${folder}/${name}`, text]);
  }
  return texts;
}
