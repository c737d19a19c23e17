import type { SendMessageRequest } from '../messages.ts';
import type { AgentOptions } from './options.ts';

/** Servers, or applications, in one message: well below the size that a request may have. */
const PAGE = 200;

interface Question {
  readonly type: 'IMPORT_CATALOG' | 'IMPORT_APPLICATIONS';
  readonly requestId: string;
}

/** Tells the service the servers or the applications of the source, in pages; or why that cannot be done. */
export async function answerQuestion({ type, requestId }: Question, options: AgentOptions): Promise<void> {
  const { service, connectorId, source } = options;
  let page = 0;
  const send = (items: readonly object[], last: boolean, failure?: string) => {
    const about = { requestId, page: ++page, items, last, ...(failure === undefined ? {} : { failure }) };
    return service.sendMessage({ type: 'IMPORT_RESULT', connectorId, ...about } satisfies SendMessageRequest);
  };
  try {
    const items: object[] = [];
    for await (const item of type === 'IMPORT_CATALOG' ? source.inventory() : (source.applications?.() ?? [])) {
      items.push(item);
      if (items.length === PAGE) await send(items.splice(0), false);
    }
    await send(items, true);
  } catch (error) {
    await send([], true, `${(error as Error).name}: ${(error as Error).message}`.slice(0, 4_000));
  }
}
