/** How far one server is. */
export interface ServerProgress {
  readonly name: string;
  readonly stage: string;
  /** The stage with bytes, rate and time left, where there are such figures. */
  readonly text: string;
  /** 0 to 100. */
  readonly percent: number;
}

export interface Display {
  /** Notes a step of the migration. */
  step(text: string): void;
  servers(servers: readonly ServerProgress[]): void;
}

const BAR = 30;

/** Bars that are drawn over each other on a terminal; elsewhere a line for every step, and for every quarter of a server. */
export function display(stream: NodeJS.WriteStream): Display {
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream: NodeJS.WriteStream): Display {
  let drawn = 0;
  const draw = (rows: readonly string[]) => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    stream.write(`${up}${rows.map((row) => `\u001b[2K${row}\n`).join('')}`);
    drawn = rows.length;
  };
  let last: readonly ServerProgress[] = [];
  return {
    step(text) {
      const up = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '';
      stream.write(`${up}${text}\n`);
      drawn = 0;
      if (last.some(({ percent }) => percent < 100)) draw(last.map(bar));
    },
    servers(servers) {
      if (servers.length === 0 || JSON.stringify(servers) === JSON.stringify(last)) return;
      last = servers;
      draw(servers.map(bar));
    },
  };
}

function bar({ name, text, percent }: ServerProgress): string {
  const full = Math.round((percent / 100) * BAR);
  return `  ${name.padEnd(16)} ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${String(percent).padStart(3)}%  ${text}`;
}

function lines(stream: NodeJS.WriteStream): Display {
  const shown = new Map<string, string>();
  return {
    step: (text) => void stream.write(`${text}\n`),
    servers(servers) {
      for (const { name, stage, text, percent } of servers) {
        const quarter = `${stage} ${Math.floor(percent / 25) * 25}%`;
        if (shown.get(name) === quarter) continue;
        shown.set(name, quarter);
        stream.write(`  ${name}: ${percent}% ${text}\n`);
      }
    },
  };
}
