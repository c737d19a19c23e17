/**
 * What we make in a guest's QEMU bears names by which it is found again, by whatever process: nodes `rehost-POINT-DISKs` (the frozen disk), `…c` (the
 * filter that keeps what the guest overwrites) and `…t` (where it is kept), and a bitmap `rehost:POINT:DISK:LABEL` on the guest's own node.
 */
export type PointId = string;

const POINT_ID = /^[0-9a-z]{12}$/;
/** Digits of a time in milliseconds to the base 36 until the year 5188; with leading zeros, so that names sort by time. */
const TIME_DIGITS = 9;

/** Of a point made at that time; `chance` is a number from 0 to 46655. */
export const pointIdOf = (at: number, chance: number): PointId =>
  at.toString(36).padStart(TIME_DIGITS, '0') + chance.toString(36).padStart(3, '0');

/** When it was made, in milliseconds since the epoch. */
export const timeOf = (point: PointId): number => Number.parseInt(point.slice(0, TIME_DIGITS), 36);

export type NodePart = 's' | 'c' | 't';
export const nodeName = (point: PointId, disk: number, part: NodePart) => `rehost-${point}-${disk}${part}`;

export interface NodeName {
  readonly name: string;
  readonly point: PointId;
  readonly disk: number;
  readonly part: NodePart;
}

export function readNodeName(name: string): NodeName | undefined {
  const [, point, disk, part] = /^rehost-([0-9a-z]{12})-(\d{1,3})([sct])$/.exec(name) ?? [];
  return part === undefined ? undefined : { name, point: point!, disk: Number(disk), part: part as NodePart };
}

export const bitmapName = (point: PointId, disk: number, label: string) => `rehost:${point}:${disk}:${label}`;

export function readBitmapName(name: string): { point: PointId; disk: number } | undefined {
  const [ours, point = '', disk] = name.split(':');
  return ours === 'rehost' && POINT_ID.test(point) && /^\d+$/.test(disk ?? '')
    ? { point, disk: Number(disk) }
    : undefined;
}

/** A copy of a bitmap that stands still while it is read. */
export const READING_BITMAP = 'rehost-reading';

export const exportName = (point: PointId, disk: number) => `rehost-${point}-${disk}`;

/** Of a point, in the folder for what guests overwrite. */
export const folderName = (point: PointId) => `rehost-${point}`;
export const pointOfFolder = (name: string): PointId | undefined => /^rehost-([0-9a-z]{12})$/.exec(name)?.[1];
