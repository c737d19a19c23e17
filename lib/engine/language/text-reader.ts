/** Reads a text from left to right, a token at a time. Patterns must be sticky. */
export class TextReader {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  get rest(): string {
    return this.text.slice(this.position);
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  startsWith(token: string): boolean {
    return this.text.startsWith(token, this.position);
  }

  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.position = pattern.lastIndex;
    return match;
  }

  expectMatch(pattern: RegExp, what: string): string {
    const found = this.match(pattern)?.[0];
    if (found === undefined) throw this.problem(`${what} is expected`);
    return found;
  }

  take(token: string): boolean {
    if (!this.startsWith(token)) return false;
    this.position += token.length;
    return true;
  }

  /** A token with white space around it. */
  takeSpaced(token: string): boolean {
    this.skipSpace();
    if (!this.take(token)) return false;
    this.skipSpace();
    return true;
  }

  skipSpace() {
    this.match(/\s+/y);
  }

  expect(token: string) {
    if (!this.takeSpaced(token)) throw this.problem(`'${token}' is expected`);
  }

  problem(what: string): SyntaxError {
    return new SyntaxError(`${what} at position ${this.position} of '${this.text}'`);
  }
}
