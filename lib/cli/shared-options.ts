/** Options that several commands have. What checks them is loaded by the commands that need it. */

/** Hosts that only this machine reaches. */
export const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

export const PORT = {
  type: 'string',
  value: 'PORT',
  default: '4599',
  text: 'where it listens; 0 takes any that is free',
} as const;

/** Where servers come from. */
export const SOURCE = {
  type: 'string',
  value: 'KIND:PLACE',
  text: 'where the servers are, as below',
} as const;

export const SOURCE_NOTE = `KIND:PLACE is one of
  images:FOLDER  disk images (raw, VMDK, VHD, VHDX, qcow2): each sub-folder is a server
  hyperv:FOLDER  the same of machines that Hyper-V exported
  vsphere:URL    the machines of a vCenter, as 'vsphere:https://VCENTER/?user=NAME&password-file=FILE&ca=FILE'; docs/vsphere.md has all of it
  qemu:FOLDER    guests of QEMU that run, by their QMP sockets (docs/qemu.md)
  nbd:FILE       disks that any program serves by NBD, listed in FILE (docs/qemu.md)`;

/** The folder of a service on this machine. */
export const DATA = {
  type: 'string',
  value: 'FOLDER',
  default: '.rehost',
  text: 'where the service keeps all that it has',
} as const;
