import type { Argument, Command, Option } from './command.ts';

/** Columns of a terminal that nobody made wider. */
const WIDTH = 100;
/** Columns of an option with its value; a longer one has its text on the next line. */
const OPTION_WIDTH = 30;

/** The line that says how the command is called. */
export function usageOf(name: string, { arguments: all = [], options }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.required);
  return [
    `usage: rehost ${name}`,
    ...all.map(argumentText),
    ...required.map(([option, of]) => optionText(option, of)),
    ...(Object.keys(options).length > required.length ? ['[OPTIONS]'] : []),
  ].join(' ');
}

const argumentText = ({ name, optional }: Argument) => (optional ? `[${name}]` : name);
export const optionText = (name: string, { value }: Option): string => `--${name}${value ? ` ${value}` : ''}`;

/** What `rehost COMMAND --help` prints. */
export function helpOf(name: string, summary: string, command: Command): string {
  const { arguments: all = [], options, notes = [], examples } = command;
  const table = [...Object.entries(options), ['help', HELP] as const];
  return [
    usageOf(name, command),
    '',
    ...wrapped(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`),
    '',
    ...all.flatMap((argument) => row(argumentText(argument), argument.text)),
    ...(all.length > 0 ? [''] : []),
    ...table.flatMap(([option, of]) => row(optionText(option, of), textOf(of))),
    ...notes.flatMap((note) => ['', ...note.split('\n').flatMap((line) => wrapped(line, indentOf(line)))]),
    '',
    examples.length > 1 ? 'examples' : 'example',
    ...examples.flatMap(({ line, text }) => [...(text ? [`  # ${text}`] : []), `  ${line}`]),
  ].join('\n');
}

const HELP: Option = { type: 'boolean', text: 'prints this' };

function textOf({ text, default: value, required, multiple }: Option): string {
  const more = [
    ...(required ? ['required'] : []),
    ...(multiple ? ['may be repeated'] : []),
    ...(value === undefined ? [] : [`default ${value}`]),
  ];
  return more.length > 0 ? `${text} (${more.join(', ')})` : text;
}

function row(left: string, text: string): string[] {
  const margin = ' '.repeat(OPTION_WIDTH + 4);
  const lines = wrapped(text, '', WIDTH - margin.length).map((line) => `${margin}${line}`);
  if (left.length > OPTION_WIDTH) return [`  ${left}`, ...lines];
  return [`  ${left.padEnd(OPTION_WIDTH)}  ${lines[0]!.trimStart()}`, ...lines.slice(1)];
}

/** Further lines of a note begin below its second column, as in a list of names and texts. */
const indentOf = (line: string) => ' '.repeat(/^( +\S+ {2,})/.exec(line)?.[1]?.length ?? 0);

/** The text in lines that end at words. */
function wrapped(text: string, indent = '', width = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width || line === '') line = longer;
    else {
      lines.push(line);
      line = `${indent}${word}`;
    }
  }
  return [...lines, line];
}
