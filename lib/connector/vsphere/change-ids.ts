/**
 * What is kept of an instant: vCenter's change id, and the size that the disk had. A disk that grew is compared as a whole: lists of changes across a
 * growth have been wrong (VMware KB 2090639).
 */
export const changeIdOf = (size: number, id: string) => `${size} ${id}`;

export function partsOf(changeId: string): { readonly size: number; readonly id: string } {
  const space = changeId.indexOf(' ');
  return { size: Number(changeId.slice(0, space)), id: changeId.slice(space + 1) };
}

/** The part of vCenter's change id that stays the same until tracking is reset: `UUID/NUMBER`. */
export const trackingOf = (id: string) => id.replace(/\/[^/]*$/, '');
