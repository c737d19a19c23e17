import type { Json } from '../../json.ts';
import { StateError } from '../language/state-error.ts';
import { argumentsOf, inputOf, resultStages } from '../processing.ts';
import { isJsonata, type Step } from '../step.ts';
import { compact } from './service.ts';

/** What came of the task of a state. */
export interface Worked {
  /** JSON text: what it was given. */
  readonly given?: string | undefined;
  /** JSON text: what it answered. */
  readonly result?: string | undefined;
}

/** How the data of a state went, as far as they came: `inspectionData` of TestState, JSON text by stage. The step is as it stood when the state was entered. */
export async function inspected(step: Step, worked: Worked): Promise<Json> {
  const stages: Record<string, string | undefined> = { input: JSON.stringify(step.thread.input) };
  try {
    if (isJsonata(step)) await throughJsonata(step, worked, stages);
    else await throughPaths(step, worked, stages);
  } catch (error) {
    // The stage that failed is the one that is missing; TestState tells of the error.
    if (!(error instanceof StateError)) throw error;
  }
  return compact(stages);
}

type Stages = Record<string, string | undefined>;

async function throughJsonata(step: Step, { given, result }: Worked, stages: Stages) {
  if ('Arguments' in step.state) stages.afterArguments = given ?? JSON.stringify(await argumentsOf(step));
  stages.result = result;
}

async function throughPaths(step: Step, { given, result }: Worked, stages: Stages) {
  stages.afterInputPath = JSON.stringify(inputOf(step));
  if (!['Task', 'Pass'].includes(step.state.Type)) return;
  stages.afterParameters = given ?? JSON.stringify(await argumentsOf(step));
  const { Result } = step.state as { Result?: Json };
  const ended = step.state.Type === 'Pass' ? (JSON.stringify(Result) ?? stages.afterParameters) : result;
  stages.result = ended;
  if (ended === undefined) return;
  const { selected, place } = resultStages(step, JSON.parse(ended) as Json);
  stages.afterResultSelector = JSON.stringify(selected);
  stages.afterResultPath = JSON.stringify(place());
}
