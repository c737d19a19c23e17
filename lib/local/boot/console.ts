/** Bytes of the console that are kept. */
const KEPT = 2 ** 18;
/** Escape sequences of terminals: colours, positions, titles. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPES = /\u001b(\[[0-9;?=]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\)|[()][0-9A-Za-z]|[=>78cDEHMNOZ])/g;

/** What a machine writes to its serial console, as text. */
export interface Console {
  readonly text: string;
  take(chunk: Buffer): void;
  /** The last lines that are not empty. */
  last(lines: number): string[];
}

export function openConsole(): Console {
  let raw = '';
  const decoder = new TextDecoder();
  const text = () => raw.replaceAll(ESCAPES, '').replaceAll(/\r+\n?/g, '\n');
  return {
    get text() {
      return text();
    },
    take(chunk) {
      raw = (raw + decoder.decode(chunk, { stream: true })).slice(-KEPT);
    },
    last: (lines) =>
      text()
        .split('\n')
        // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing that steers the reader's terminal is passed on
        .map((line) => line.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '').trimEnd())
        .filter((line) => line !== '')
        .slice(-lines),
  };
}

/** The end of a system's start: it asks who is there. */
const LOGIN = /(^|\n)[^\n]*login: ?$/;
/** What says that it will not get there, and what that means. */
const FAILURES: readonly (readonly [text: string, meaning: string])[] = [
  ['Kernel panic', 'its kernel gave up'],
  ['No bootable device', 'its firmware found nothing to start on the first disk'],
  ['Boot failed: not a bootable disk', 'its firmware found nothing to start on the first disk'],
  ['UEFI Interactive Shell', 'its firmware found nothing to start on the first disk'],
  ['grub rescue>', 'its boot loader found no configuration'],
  ['Minimal BASH-like line editing is supported', 'its boot loader found no configuration'],
  ['ALERT!', 'its initial system did not find the root file system; it may lack the driver of NVMe disks'],
  ['dracut:/#', 'its initial system did not find the root file system; it may lack the driver of NVMe disks'],
  ['Entering emergency mode', 'it came up in emergency mode: a file system of its fstab may be missing'],
  ['You are in emergency mode', 'it came up in emergency mode: a file system of its fstab may be missing'],
];

/** Whether the console says that the machine is up, or that it will never be; undefined when neither. */
export function verdictOf(text: string, expect: string | undefined): { booted: boolean; reason: string } | undefined {
  if (expect !== undefined && text.includes(expect)) return { booted: true, reason: `it said "${expect}"` };
  if (expect === undefined && LOGIN.test(text)) return { booted: true, reason: 'it asks for a login' };
  const failure = FAILURES.find(([words]) => text.includes(words));
  return failure && { booted: false, reason: `${failure[1]} ("${failure[0]}")` };
}
