import { type Moref, morefOf } from './moref.ts';
import { child, children, demandNumber, textOf, typeOf, type Xml } from './xml.ts';

/** A disk of a virtual machine, or of a snapshot of it. */
export interface VirtualDisk {
  /** vCenter's number of the device; another disk may get it later. */
  readonly key: number;
  /** Stays the same wherever the disk is moved, where vCenter tells it. */
  readonly id: string;
  /** What vCenter's pages call it, such as `Hard disk 1`. */
  readonly label: string;
  /** Bytes. */
  readonly size: number;
  /** VMware's type of what holds the bytes. */
  readonly backing: string;
  /** `[DATASTORE] FOLDER/NAME.vmdk` */
  readonly file?: string;
  readonly datastore?: Moref;
  readonly mode: string;
  readonly isShared: boolean;
  readonly isEncrypted: boolean;
  /** It holds only what differs from another file. */
  readonly hasParent: boolean;
  /** vCenter's name of the instant, where changes are tracked. */
  readonly changeId?: string;
  /** Controller, bus and unit, as export leases name disks. */
  readonly address: string;
}

/** The disks among the devices: the one that the firmware starts from first, the others in the order of their places. */
export function disksAmong(devices: Xml | undefined, boot?: Xml): VirtualDisk[] {
  const all = children(devices, 'VirtualDevice');
  const controllers = new Map(all.map((device) => [textOf(device, 'key'), device]));
  const first = children(boot, 'bootOrder').flatMap((entry) => textOf(entry, 'deviceKey') ?? []);
  const rank = (device: Xml) => {
    const position = first.indexOf(textOf(device, 'key') ?? '');
    return position < 0 ? first.length : position;
  };
  const place = (device: Xml, name: string) => Number(textOf(device, name) ?? 0);
  return all
    .filter((device) => typeOf(device) === 'VirtualDisk')
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        place(a, 'controllerKey') - place(b, 'controllerKey') ||
        place(a, 'unitNumber') - place(b, 'unitNumber'),
    )
    .map((device) => diskOf(device, controllers.get(textOf(device, 'controllerKey'))))
    .map(withOwnId);
}

/** Copies of a file that are attached to one machine can have one id. */
function withOwnId(disk: VirtualDisk, _: number, all: readonly VirtualDisk[]): VirtualDisk {
  const isAlone = all.filter(({ id }) => id === disk.id).length === 1;
  return isAlone ? disk : { ...disk, id: `${disk.id}-${disk.key}` };
}

function diskOf(device: Xml, controller: Xml | undefined): VirtualDisk {
  const backing = child(device, 'backing');
  const key = demandNumber(device, 'key');
  const file = textOf(backing, 'fileName');
  const changeId = textOf(backing, 'changeId');
  const bytes = textOf(device, 'capacityInBytes');
  return {
    key,
    id: textOf(backing, 'uuid') || `device-${key}`,
    label: textOf(device, 'deviceInfo', 'label') || `disk ${key}`,
    size: bytes === undefined ? demandNumber(device, 'capacityInKB') * 1024 : demandNumber(device, 'capacityInBytes'),
    backing: typeOf(backing),
    ...(file ? { file } : {}),
    ...(child(backing, 'datastore') === undefined ? {} : { datastore: morefOf(backing, 'datastore') }),
    mode: textOf(backing, 'diskMode') ?? '',
    isShared: !['', 'sharingNone', undefined].includes(textOf(backing, 'sharing')),
    isEncrypted: child(backing, 'keyId') !== undefined,
    hasParent: child(backing, 'parent') !== undefined,
    ...(changeId ? { changeId } : {}),
    address: `${typeOf(controller)}${textOf(controller, 'busNumber') ?? ''}:${textOf(device, 'unitNumber') ?? ''}`,
  };
}
