import type { Json } from '../../json.ts';
import { ApiError } from '../api-error.ts';
import { parsedPayload } from '../data-limit.ts';
import { isObject, type JsonObject } from '../language/json-value.ts';

/** The JSON in the text of a member. Throws ValidationException. */
export function jsonIn(text: string, member: string): Json {
  try {
    return parsedPayload(text);
  } catch (error) {
    throw new ApiError('ValidationException', `${member} is not JSON: ${(error as Error).message}`);
  }
}

/** The JSON object in the text of a member; none is an empty one. Throws ValidationException. */
export function objectIn(text: Json | undefined, member: string): JsonObject {
  const value = text === undefined ? {} : jsonIn(text as string, member);
  if (isObject(value)) return value;
  throw new ApiError('ValidationException', `${member} is not a JSON object`);
}
