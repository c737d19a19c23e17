import type { Json } from '../../json.ts';
import { checkTemplate } from './check-expression.ts';
import { checkAtMostOne, checkExactlyOne, checkFields, type Fields } from './check-fields.ts';
import { unknownResource } from './check-resource.ts';
import { anything, type Check, integer, oneOf, orExpression, path, text } from './check-value.ts';
import { type Place, report } from './diagnostic.ts';
import { isObject, type JsonObject } from './json-value.ts';

const LONGEST_LABEL = 40;
/** Limits of AWS: items, and bytes of a payload. */
const MOST_ITEMS = 100_000_000;
const MOST_BYTES = 262_144;

const BATCHER: Fields = {
  MaxItemsPerBatch: { check: orExpression(integer(1, MOST_ITEMS)) },
  MaxItemsPerBatchPath: { check: path, language: 'JSONPath' },
  MaxInputBytesPerBatch: { check: orExpression(integer(1, MOST_BYTES)) },
  MaxInputBytesPerBatchPath: { check: path, language: 'JSONPath' },
  BatchInput: { check: checkTemplate },
};

const WITH_RESOURCE: Fields = {
  Resource: { check: checkObjectStore, required: true },
  ReaderConfig: { check: anything },
  WriterConfig: { check: anything },
  Parameters: { check: checkTemplate, language: 'JSONPath' },
  Arguments: { check: checkTemplate, language: 'JSONata' },
};

/** Items and results in object stores are refused by name: this engine has none. */
function checkObjectStore(resource: Json, place: Place) {
  unknownResource(String(resource), place);
}

export const checkItemBatcher: Check = (batcher, place) => {
  if (!checkFields(batcher, BATCHER, place)) return;
  for (const name of ['MaxItemsPerBatch', 'MaxInputBytesPerBatch']) {
    checkAtMostOne(batcher, [name, `${name}Path`], place);
  }
};

export const checkItemReader: Check = (reader, place) => {
  checkFields(reader, WITH_RESOURCE, place);
};

const CONFIG: Fields = {
  Mode: { check: oneOf('INLINE', 'DISTRIBUTED') },
  ExecutionType: { check: oneOf('STANDARD', 'EXPRESS') },
};

export const checkProcessorConfig: Check = (config, place) => {
  if (!checkFields(config, CONFIG, place)) return;
  const { Mode, ExecutionType } = config;
  if (Mode !== 'DISTRIBUTED' && ExecutionType !== undefined) report(place, "Field 'ExecutionType' is not supported");
  if (Mode === 'DISTRIBUTED' && ExecutionType === undefined)
    report(place, 'These fields are required: [ExecutionType]');
  if (Mode === 'DISTRIBUTED' && place.type === 'EXPRESS')
    report(place, "Express state machine does not support 'DISTRIBUTED' Map states");
};

/** Spaces, brackets, wildcards, and what else AWS keeps out of names. */
const NOT_IN_LABELS = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]/u;

export const checkLabel: Check = (label, place) => {
  if (typeof label !== 'string') return text(label, place);
  const wrong = NOT_IN_LABELS.exec(label)?.[0];
  if (label === '') report(place, 'Label cannot be empty');
  else if (label.length > LONGEST_LABEL) report(place, `Label cannot exceed ${LONGEST_LABEL} characters`);
  else if (wrong !== undefined) report(place, `Label contains invalid character: '${wrong}'`);
};

/** Fields that only a distributed Map has. */
const DISTRIBUTED = ['ItemReader', 'ItemBatcher', 'ResultWriter', 'Label'];

/** What concerns several fields of a Map. */
export function checkMapState(state: JsonObject, place: Place) {
  checkExactlyOne(state, ['ItemProcessor', 'Iterator'], place);
  if (isDistributed(state)) return;
  for (const name of DISTRIBUTED) {
    if (Object.hasOwn(state, name)) report(place, `Field '${name}' is only supported for the 'DISTRIBUTED' mode`);
  }
}

export function isDistributed(state: JsonObject): boolean {
  const processor = state.ItemProcessor ?? state.Iterator;
  const config = isObject(processor) ? processor.ProcessorConfig : undefined;
  return isObject(config) && config.Mode === 'DISTRIBUTED';
}
