/**
 * In what order the disks of an image are. `quiesced`: the guest had brought its file systems into order, and the applications that take part (VSS writers
 * on Windows, freeze scripts on Linux). `crash-consistent`: as after a loss of power.
 */
export type Consistency = 'quiesced' | 'crash-consistent';

/** The tag of images, and of their snapshots, that says it. */
export const CONSISTENCY_TAG = 'rehost:consistency';

/** Undefined where the source could not tell, or the connector is of a version that does not say. */
export const consistencyOf = ({ quiesced }: { readonly quiesced?: unknown }): Consistency | undefined =>
  typeof quiesced === 'boolean' ? (quiesced ? 'quiesced' : 'crash-consistent') : undefined;

const WORDS: Readonly<Record<Consistency, string>> = {
  quiesced: 'Quiesced before it was frozen',
  'crash-consistent': 'Crash-consistent (the guest was not quiesced)',
};

/** For a person. */
export const describeConsistency = (consistency: Consistency): string => WORDS[consistency];
