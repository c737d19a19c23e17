import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { InvokeError } from '../engine/invoke.ts';
import type { Json } from '../json.ts';

/** Takes entries as EventBridge's PutEvents does, and answers like it. Throws InvokeError. */
export type PutEvents = (entries: Json[]) => Promise<Json>;

/** EventBridge, or what speaks like it, at this endpoint. Requests are not signed. */
export function httpEvents(endpoint: string): PutEvents {
  return async (Entries) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
      body: JSON.stringify({ Entries }),
    }).catch((error: Error) => {
      throw new InvokeError('EventBridge.SdkClientException', `${error.message}: ${endpoint}`);
    });
    const text = await response.text();
    const answer = parsed(text);
    if (response.ok && answer) return answer as unknown as Json;
    const { __type = 'InternalException', message = text.slice(0, 200) } = answer ?? {};
    const cause = `${message} (Service: EventBridge, Status Code: ${response.status})`;
    throw new InvokeError(`EventBridge.${__type.split('#').at(-1)}`, cause);
  };
}

function parsed(text: string): { __type?: string; message?: string } | undefined {
  try {
    return JSON.parse(text) as { __type?: string; message?: string };
  } catch {
    return undefined;
  }
}

/** Where there is no bus: events are checked as EventBridge checks them, and appended to a file, a line each. */
export function eventsFile(file: string): PutEvents {
  return async (entries) => {
    const answers = entries.map((entry) => refusal(entry as Entry) ?? { EventId: randomUUID() });
    const taken = answers.flatMap((answer, at) =>
      'EventId' in answer ? { ...answer, ...(entries[at] as object) } : [],
    );
    if (taken.length > 0) await appendFile(file, taken.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return { Entries: answers, FailedEntryCount: entries.length - taken.length };
  };
}

interface Entry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
}

function refusal(entry: Entry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const member of ['Source', 'DetailType', 'Detail'] as const) {
    if (entry[member]) continue;
    const reason = `Parameter ${member} is not valid. Reason: ${member} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage: reason };
  }
  return isObject(entry.Detail!) ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
