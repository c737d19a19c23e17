/** What an image needs before it starts in EC2: nothing; AWS's conversion (ImportImage); or something that neither does. */
export type Verdict = 'ready' | 'needs import' | 'unsupported';

/** Something that keeps a guest from starting as it is. */
export interface Finding {
  /** One word, such as `NoNvmeDriver`. */
  readonly code: string;
  /** What it alone makes of the verdict. */
  readonly verdict: Exclude<Verdict, 'ready'>;
  /** What, where, and what to do. */
  readonly message: string;
}

export interface Preflight {
  readonly verdict: Verdict;
  /** What was seen, in plain words. */
  readonly facts: readonly string[];
  readonly findings: readonly Finding[];
  /** What is worth knowing and keeps nothing from starting. */
  readonly notes: readonly string[];
}

/** What the parts of the preflight write down. */
export interface Draft {
  readonly facts: string[];
  readonly findings: Finding[];
  readonly notes: string[];
}

export const newDraft = (): Draft => ({ facts: [], findings: [], notes: [] });

export const needsImport = (code: string, message: string): Finding => ({ code, verdict: 'needs import', message });
export const unsupported = (code: string, message: string): Finding => ({ code, verdict: 'unsupported', message });

export function preflightOf(draft: Draft): Preflight {
  const has = (verdict: Verdict) => draft.findings.some((finding) => finding.verdict === verdict);
  return { verdict: has('unsupported') ? 'unsupported' : has('needs import') ? 'needs import' : 'ready', ...draft };
}
