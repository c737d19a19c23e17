import type { HeldTransfer, SendMessageResult, SnapshotMessage } from '../messages.ts';
import type { Snapshots } from '../snapshots.ts';
import type { AgentOptions, Blocks } from './options.ts';

type Ask = SnapshotMessage extends infer M
  ? M extends SnapshotMessage
    ? Omit<M, 'connectorId' | keyof HeldTransfer>
    : never
  : never;

/**
 * The snapshots of one transfer as its connector has them: the service begins, completes, describes and removes them, by messages; blocks go straight to
 * where the service says, with what it gave.
 */
export function serviceSnapshots(
  { transferId, epoch }: HeldTransfer,
  { service, connectorId, openBlocks }: Pick<AgentOptions, 'service' | 'connectorId' | 'openBlocks'>,
): Snapshots & { close(): void } {
  const ask = (message: Ask): Promise<SendMessageResult> =>
    service.sendMessage({ ...message, connectorId, transferId, epoch } as SnapshotMessage);
  const renew = async () => (await ask({ type: 'GRANT_BLOCKS' })).blocks ?? {};
  let opening: Promise<Blocks> | undefined;
  const blocks = () => {
    opening ??= renew().then((grant) => openBlocks(grant, renew));
    return opening;
  };
  const close = () => void opening?.then((opened) => opened.close?.()).catch(() => {});
  return {
    async start({ token, sizeGiB, parent }) {
      const answer = await ask({ type: 'START_SNAPSHOT', token, sizeGiB, ...(parent === undefined ? {} : { parent }) });
      // What it is given now is good for this snapshot, too.
      close();
      opening = openBlocks(answer.blocks ?? {}, renew);
      return { id: answer.snapshotId!, blockSize: 524_288 };
    },
    async complete(snapshotId, { written, linear }) {
      const seal = { written, ...(linear ? { linear: linear.toString('hex') } : {}) };
      await ask({ type: 'COMPLETE_SNAPSHOT', snapshotId, ...seal });
    },
    state: async (snapshotId) => (await ask({ type: 'DESCRIBE_SNAPSHOT', snapshotId })).state,
    async remove(snapshotId) {
      await ask({ type: 'REMOVE_SNAPSHOT', snapshotId });
    },
    put: async (...block) => (await blocks()).put(...block),
    async *list(id) {
      yield* (await blocks()).list(id);
    },
    async *changed(first, second) {
      yield* (await blocks()).changed(first, second);
    },
    read: async (...block) => (await blocks()).read(...block),
    close,
  };
}
